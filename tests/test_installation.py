"""The hint for a missing extra: what works for each way to install, and nothing that fetches a stranger's package."""

import json
import re
import sys
from pathlib import Path

import pytest

from mlpcli.installation import DISTRIBUTION, install_command

ROOT = Path(__file__).parent.parent
TEXTS = {".md", ".py", ".toml", ".yaml", ".yml"}


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An active environment, with pip beside Python, and the folder that its distributions lie in."""
    (tmp_path / "bin").mkdir()
    for name in ("python", "pip"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\n")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    packages = tmp_path / "packages"
    packages.mkdir()
    monkeypatch.syspath_prepend(packages)
    return packages


def installed(packages: Path, source: dict[str, object] | None) -> None:
    """What pip leaves behind (PEP 610)."""
    folder = packages / f"{DISTRIBUTION.replace('-', '_')}-9.9.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: 9.9\n")
    if source:
        (folder / "direct_url.json").write_text(json.dumps(source))


@pytest.mark.parametrize(
    ("source", "command"),
    [
        (
            {"url": "file:///w/x-1-py3-none-any.whl", "archive_info": {}},
            "pip install 'mlp-experiments[plot] @ file:///w/x-1-py3-none-any.whl'",
        ),
        (
            {"url": "https://h/r.git", "vcs_info": {"vcs": "git", "commit_id": "0a1b"}},
            "pip install 'mlp-experiments[plot] @ git+https://h/r.git@0a1b'",
        ),
        ({"url": "file:///gone/away", "dir_info": {}}, "pip install 'mlp-experiments[plot]'"),
    ],
)
def test_wheels_repositories_and_folders_that_are_gone(
    source: dict[str, object], command: str, environment: Path
) -> None:
    installed(environment, source)
    assert install_command("plot") == command


def test_a_release_by_its_name(environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(environment, None)
    monkeypatch.setattr("mlpcli.installation.__file__", str(tmp_path / "site-packages" / "mlpcli" / "installation.py"))
    assert install_command("plot") == "pip install 'mlp-experiments[plot]'"


@pytest.mark.parametrize(("editable", "option"), [(False, ""), (True, "-e ")])
def test_a_checkout_from_inside_and_from_elsewhere(
    editable: bool, option: str, environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "a checkout"
    checkout.mkdir()
    (checkout / "pyproject.toml").touch()
    installed(environment, {"url": checkout.as_uri(), "dir_info": {"editable": editable}})
    monkeypatch.chdir(checkout)
    assert install_command("dask") == f"pip install {option}'.[dask]'"
    monkeypatch.chdir(tmp_path)
    assert install_command("dask") == f"pip install {option}'./a checkout[dask]'"
    monkeypatch.chdir(environment)
    assert install_command("dask") == f"pip install {option}'{checkout}[dask]'"


def test_an_environment_that_is_not_active_is_named(
    environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(environment, {"url": "file:///gone", "dir_info": {}})
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(tmp_path)
    assert install_command("plot").split()[0] == str(Path("bin", "pip"))
    (tmp_path / "bin" / "pip").unlink()
    assert install_command("plot").startswith(f"{Path('bin', 'python')} -m pip install ")


def test_no_text_tells_anybody_to_install_somebody_elses_package() -> None:
    foreign = re.compile(r"\binstall\b[^\n`&]*?['\" ]mlpcli(\[|['\"\s`]|$)|mlpcli\[[a-z]")
    assert foreign.search("pip install " + "mlpcli") and foreign.search("pip install 'mlp" + "cli[plot]'")
    folders = [ROOT / name for name in ("mlpcli", "tests", "experiments", "datasets", ".github")]
    paths = [*ROOT.glob("*"), *(path for folder in folders for path in folder.rglob("*"))]
    texts = [path for path in paths if path.suffix in TEXTS and path != Path(__file__)]
    assert ROOT / "README.md" in texts
    for path in texts:
        found = foreign.search(path.read_text(encoding="utf-8"))
        assert not found, f"{path.relative_to(ROOT)}: {found and found.group()}"
