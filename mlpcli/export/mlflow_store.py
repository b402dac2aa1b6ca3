"""Histories as runs of an MLflow store: one experiment per sweep or run, one MLflow run per trial.

Options become parameters, columns of metrics.csv metrics against the epoch, scores of the kept weights metrics such as
`kept_test_accuracy`. A run carries the trial's run_id as a tag, which tells whether the trial is already there; a run
that an interrupted export left unfinished is removed, and its trial written again.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from mlpcli.errors import Busy, Unavailable, UsageError
from mlpcli.export.histories import History
from mlpcli.results.files.lock import FolderLock
from mlpcli.wording import quote

__all__ = ["MlflowStore"]

TAG, BEGUN = "mlpcli.run_id", "mlpcli.begun"
"""Tags of a run that was written to its end, and of every run of ours: a running one without them is the user's own."""

MOST_METRICS, MOST_PARAMETERS = 1000, 100  # per request; MLflow refuses more

ENDS = {"complete": "FINISHED", "pruned": "KILLED"}
"""MLflow's words for the states of a trial; the others are failures."""


class MlflowStore:
    """A tracking store; `close` it when all is written.

    Only one export at a time writes to a store in a file: two that make the tables of a new one would leave it broken.

    Args:
        place: its address, such as `sqlite:///mlflow.db` or `http://host:5000`, as `mlflow ui` takes it.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        self._experiments: dict[str, tuple[str, set[str]]] = {}
        self._lock: FolderLock | None = None

    def close(self) -> None:
        """Let other exports write to the store; safe to call twice."""
        if self._lock is not None:
            self._lock.release()

    def has(self, history: History) -> bool:
        """Whether the trial is there already.

        Raises:
            Unavailable: the store cannot be reached.
            Busy: another export writes to it.
        """
        return history.trial.run_id in self._experiment(history)[1]

    def write(self, history: History) -> None:
        """Write the trial as a run.

        Raises:
            Unavailable: the store cannot be reached.
        """
        from mlflow.entities import Metric, Param, RunTag

        experiment, known = self._experiment(history)
        metrics, epoch, ended = [], 0, history.started
        for epoch, ended, numbers in history.rows:
            metrics += [Metric(name, value, _milliseconds(ended), epoch) for name, value in numbers.items()]
        for name, value in history.scores.items():
            metrics.append(Metric(f"kept_{name}", value, _milliseconds(ended), epoch))
        parameters = [Param(name, str(value)) for name, value in history.options.items()]
        state = str(history.trial.state)
        tags = [RunTag("mlpcli.state", state), RunTag(TAG, history.trial.run_id)]
        name = history.name.rpartition("/")[2]
        started, begun = _milliseconds(history.started), {BEGUN: history.trial.run_id}
        with self._reached():
            run = self._client.create_run(experiment, start_time=started, run_name=name, tags=begun).info.run_id
            for some in _pieces(parameters, MOST_PARAMETERS):
                self._client.log_batch(run, params=some)
            for some in _pieces(metrics, MOST_METRICS):
                self._client.log_batch(run, metrics=some)
            self._client.log_batch(run, tags=tags)
            self._client.set_terminated(run, ENDS.get(state, "FAILED"), _milliseconds(ended))
        known.add(history.trial.run_id)

    @cached_property
    def _client(self) -> Any:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # results are nobody's business but the user's
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # 7 with growing pauses take minutes
        from mlflow.tracking import MlflowClient

        for name in ("alembic", "mlflow"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._lock = self._locked()
        return MlflowClient(tracking_uri=self.place)

    def _locked(self) -> FolderLock | None:
        """The lock on the file that is the store; None for a store of another kind."""
        if not self.place.startswith("sqlite:"):
            return None
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            database = make_url(self.place).database
        except ArgumentError:
            problem = f"{quote(self.place)} is no address of an MLflow store. Nothing was written"
            raise UsageError(f"{problem}. Use sqlite:///FILE, or the address of a server") from None
        file = Path(os.path.abspath(database or ""))
        if database in (None, "", ":memory:") or not file.parent.is_dir():
            return None
        try:
            return FolderLock(file.parent, f".{file.name}.lock")
        except Busy:
            raise Busy(
                f"another export writes to {self.place}. Nothing was written. Wait for its end, then type the same "
                "command again"
            ) from None

    def _experiment(self, history: History) -> tuple[str, set[str]]:
        """The identity of the trial's experiment, and the run_ids of the trials there; removes leftovers of ours."""
        name = history.name.partition("/")[0]
        if name not in self._experiments:
            with self._reached():
                identity = self._identity(name)
                known: set[str] = set()
                token: str | None = ""
                while token is not None:
                    page = self._client.search_runs([identity], max_results=MOST_METRICS, page_token=token or None)
                    for run in page:
                        if TAG in run.data.tags:
                            known.add(run.data.tags[TAG])
                        elif BEGUN in run.data.tags and run.info.status == "RUNNING":
                            self._client.delete_run(run.info.run_id)
                    token = page.token or None
                self._experiments[name] = identity, known
        return self._experiments[name]

    def _identity(self, name: str) -> str:
        """The identity of the experiment of this name, which is made unless it is there."""
        from mlflow.exceptions import MlflowException

        if there := self._client.get_experiment_by_name(name):
            return str(there.experiment_id)
        try:
            return str(self._client.create_experiment(name))
        except MlflowException:
            if there := self._client.get_experiment_by_name(name):  # another export made it in the meantime
                return str(there.experiment_id)
            raise

    @contextmanager
    def _reached(self) -> Iterator[None]:
        from mlflow.exceptions import MlflowException

        try:
            yield
        except (MlflowException, ImportError) as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise Unavailable(
                f"cannot write to the MLflow store {self.place}: {reason}. Trials that were written stay. "
                "Check the address, then type the same command again"
            ) from error


def _pieces(values: list[Any], most: int) -> Iterator[list[Any]]:
    return (values[at : at + most] for at in range(0, len(values), most))


def _milliseconds(seconds: float) -> int:
    return round(1000 * seconds)
