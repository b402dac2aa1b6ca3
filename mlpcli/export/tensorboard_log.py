"""Histories as TensorBoard's event files: one folder per trial, with its curves, final scores and hyperparameters.

A folder appears under its name when it is whole, so that a trial is there or is not; it holds the trial's run_id, so
that another trial of the same name takes its place. Curves are `train/loss`,
`val/accuracy`, ... against the epoch; final scores are `kept/test_accuracy`, ...; the options fill the tab HPARAMS.
"""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import Any

from mlpcli.atomic import io_errors, make_folder, move, shown
from mlpcli.errors import FileError
from mlpcli.export.histories import History
from mlpcli.results.trial import Trial

__all__ = ["TensorBoardLog"]

RUN_ID, EVENTS = "mlpcli.run_id", "events.out.tfevents."
"""Name of the file that holds the run_id, and how those of the events begin."""

ENDS = {"complete": "STATUS_SUCCESS", "pruned": "STATUS_SUCCESS"}
"""TensorBoard's words for the states of a trial; the others are failures."""


class TensorBoardLog:
    """A folder of event files.

    Args:
        place: the folder, as `tensorboard --logdir` takes it.
    """

    def __init__(self, place: str) -> None:
        self.folder = Path(place).absolute()

    def close(self) -> None:
        """Nothing stays open between two trials."""

    def has(self, history: History) -> bool:
        """Whether the trial is there already, and not another one that had its name."""
        with suppress(OSError, ValueError):
            return (self.folder / history.name / RUN_ID).read_text(encoding="utf-8") == history.trial.run_id
        return False

    def write(self, history: History) -> None:
        """Write the folder of the trial, in place of that of another trial that had its name.

        Raises:
            FileError: it cannot be written, or the folder that is there holds something else.
        """
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        folder = self.folder / history.name
        make_folder(folder.parent)
        aside = folder.with_name(f".mlpcli-{secrets.token_hex(4)}")
        try:
            with io_errors("write", folder):
                writer = EventFileWriter(str(aside))
                for event in _events(history):
                    writer.add_event(event)
                writer.close()
                (aside / RUN_ID).write_text(history.trial.run_id, encoding="utf-8")
            _remove_replaced(folder)
            move(aside, folder)
        except BaseException:
            with suppress(OSError):
                rmtree(aside)
            raise


def _remove_replaced(folder: Path) -> None:
    """Remove the folder of a trial, which holds nothing but what `write` puts there; its absence is no error."""
    if not os.path.lexists(folder):
        return
    with io_errors("replace", folder):
        names = [] if folder.is_symlink() else os.listdir(folder)
        if RUN_ID not in names or not all(name == RUN_ID or name.startswith(EVENTS) for name in names):
            raise FileError(
                f"cannot replace {shown(folder)}: it is more than what mlpcli wrote of a trial. Move it away, or name "
                "another folder"
            )
        rmtree(folder)


def _events(history: History) -> Iterator[Any]:
    """The events of a trial in the order of time."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.plugins.hparams import metadata
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo, SessionStartInfo

    start = SessionStartInfo(group_name=history.name, start_time_secs=history.started)
    for name, value in history.options.items():
        kind = "bool" if isinstance(value, bool) else "string" if isinstance(value, str) else "number"
        setattr(start.hparams[name], f"{kind}_value", value)
    started = _about(metadata.SESSION_START_INFO_TAG, HParamsPluginData(session_start_info=start))
    yield Event(wall_time=history.started, summary=started)
    step, ended = 0, history.started
    for step, ended, numbers in history.rows:
        yield Event(wall_time=ended, step=step, summary=_scalars({_tag(name): numbers[name] for name in numbers}))
    scores = {f"kept/{name}": value for name, value in history.scores.items()}
    yield Event(wall_time=ended, step=step, summary=_scalars(scores))
    end = SessionEndInfo(status=_status(history.trial), end_time_secs=ended)
    yield Event(wall_time=ended, summary=_about(metadata.SESSION_END_INFO_TAG, HParamsPluginData(session_end_info=end)))


def _tag(column: str) -> str:
    """The columns of one part stand together: `train/loss` for `train_loss`.

    >>> _tag("val_max_error"), _tag("grad_norm")
    ('val/max_error', 'grad_norm')
    """
    part, _, metric = column.partition("_")
    return f"{part}/{metric}" if part in ("train", "val", "test") else column


def _scalars(numbers: Mapping[str, float]) -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary

    return Summary(value=[Summary.Value(tag=tag, simple_value=number) for tag, number in numbers.items()])


def _about(tag: str, data: Any) -> Any:
    """A summary without a number, for the tab HPARAMS."""
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import metadata

    described = metadata.create_summary_metadata(data)
    return Summary(value=[Summary.Value(tag=tag, metadata=described, tensor=metadata.NULL_TENSOR)])


def _status(trial: Trial) -> Any:
    from tensorboard.plugins.hparams import api_pb2

    return getattr(api_pb2, ENDS.get(trial.state or "", "STATUS_FAILURE"))
