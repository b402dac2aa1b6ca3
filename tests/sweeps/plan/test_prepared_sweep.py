"""The data of a sweep's trials: prepared once for all that ask for the same, never shared by those that do not."""

from pathlib import Path

import numpy as np
import pytest

from mlpcli.sweeps.plan.plan_file import plan_sweep
from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = np.random.default_rng(0).normal(size=(40, 2))
    lines = [f"{at};{a};{b};{'yx'[at % 2]}" for at, (a, b) in enumerate(rows)]
    Path("t.csv").write_text("\n".join(["id;a;b;kind", *lines]))
    return tmp_path


def prepared(text: str, home: Path) -> PreparedSweep:
    Path("s.toml").write_text('[base]\ndataset = "t.csv"\ntarget = "kind"\ndelimiter = ";"\n' + text)
    return PreparedSweep(plan_sweep(Path("s.toml")), home)


def test_trials_with_other_columns_have_other_data(work: Path) -> None:
    found = prepared('[grid]\ndrop = [["id"], ["id", "b"]]\nwidth = [4, 8]\nseed = [0, 1]', work)
    assert [data.features for data in found.data] == [("a", "b")] * 4 + [("a",)] * 4
    assert len({id(data) for data in found.data}) == 2
    assert len({trial.run_id for trial in found.trials}) == 8
    assert [group.trials for group in found.groups(range(8))] == [[0, 1], [2, 3], [4, 5], [6, 7]]
