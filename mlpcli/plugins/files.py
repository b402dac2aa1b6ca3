"""Files of user-defined parts: run because the user named them, here and in worker processes.

A file registers parts when it is run (see `register`). What a file of results or a sweep file names is never run.

>>> loaded()
()
"""

import hashlib
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from mlpcli.config.choices import Origin
from mlpcli.config.options import RunOptions
from mlpcli.config.origins import plugin_flags, registered
from mlpcli.errors import PluginError, lack
from mlpcli.wording import quote, raised

__all__ = ["Files", "Plugin", "blamed", "check_sendable", "load", "loaded", "loaded_flags", "use"]

Files = Path | str | Sequence[Path | str] | None
"""One file, several, or none."""


@dataclass(frozen=True)
class Plugin:
    """A file of parts: its path as it was named, and its content."""

    path: str
    content: bytes

    @property
    def origin(self) -> Origin:
        """The source of its parts."""
        return Origin(Path(self.path).name, hashlib.sha256(self.content).hexdigest())


class _FileCarrier:
    """A file in a pickle."""

    def __init__(self, plugin: Plugin) -> None:
        self._plugin = plugin

    def __reduce__(self) -> tuple[Any, ...]:
        origin = self._plugin.origin
        return _brought_file, (self._plugin, [part for part, of in registered().items() if of == origin])


def _brought_file(plugin: Plugin, parts: Sequence[tuple[str, str]]) -> _FileCarrier:
    """Run a file that comes with a pickle, unless it or its parts are here in another form: models check which."""
    with _LOADING:
        if os.path.abspath(plugin.path) not in _loaded and registered().keys().isdisjoint(parts):
            _run(plugin)
    return _FileCarrier(plugin)


_loaded: dict[str, Plugin] = {}
"""The files whose parts are registered, by absolute path."""

_LOADING = threading.RLock()
"""Held while files are run: a worker of a cluster runs a job in each of its threads."""


def loaded() -> tuple[Plugin, ...]:
    """The files whose parts can be chosen now."""
    return tuple(_loaded.values())


def loaded_flags() -> str:
    """The end of a command that has the parts that can be chosen now: `" --plugin snake.py"`."""
    return plugin_flags(plugin.path for plugin in loaded())


def load(files: Files) -> None:
    """Run files of parts, unless they have been run in this form; the parts of an earlier form are forgotten.

    Raises:
        PluginError: a file cannot be read, raises an exception, or registers nothing.
    """
    for path in [files] if isinstance(files, Path | str) else files or ():
        try:
            content = Path(path).read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise PluginError(f"--plugin {quote(str(path))}: {reason}. Nothing was started") from error
        with _LOADING:
            _run(Plugin(str(path), content))


def use(plugins: Sequence[Plugin]) -> None:
    """Register the parts of exactly these files, as a worker does before each job.

    Raises:
        PluginError: as `load`.
    """
    with _LOADING:
        for path in [path for path, plugin in _loaded.items() if plugin not in plugins]:
            _forget(path)
        for plugin in plugins:
            _run(plugin)


def check_sendable(runs: Iterable[RunOptions]) -> None:
    """Check that worker processes can have the parts that these runs use.

    Raises:
        PluginError: a part was registered by the program itself, in no file that workers could run.
    """
    unknown_there = {part for part, origin in registered().items() if origin.file is None}
    for options in runs if unknown_there else ():
        for option, name in sorted(unknown_there):
            if getattr(options, option) == name:
                raise PluginError(
                    f"{option} {name} was registered by this program, and worker processes lack it. "
                    'Write it to a file and give plugin="FILE.py", or use executor="serial"'
                )


@contextmanager
def blamed(kept: Callable[[], str] | None = None) -> Iterator[None]:
    """Turn an exception that a part raises within the block into a PluginError with its file and line.

    `kept` says what is kept and how to go on, at the time.
    """
    try:
        yield
    except Exception as error:
        names = {plugin.path for plugin in _loaded.values()}
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in names]
        if frames and not isinstance(error, PluginError) and lack(error) is None:
            said = _said(error, frames[-1].filename, frames[-1].lineno)
            raise PluginError(f"{said}. {kept()}" if kept else said) from error
        raise


def _run(plugin: Plugin) -> None:
    if plugin.content in (other.content for other in _loaded.values()):
        return
    from mlpcli.plugins.register import coming_from, forget  # loads NumPy and the layers

    _forget(place := os.path.abspath(plugin.path))
    module = ModuleType(f"mlpcli_plugin_{plugin.origin.sha256[:12]}")
    module.__file__ = plugin.path
    sys.modules[module.__name__] = module  # where dataclasses look for the module of a class
    try:
        with coming_from(plugin.origin, _FileCarrier(plugin)):
            exec(compile(plugin.content, plugin.path, "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        forget(plugin.origin)
        line = error.lineno if isinstance(error, SyntaxError) else _line(error, plugin.path)
        raise PluginError(f"{_said(error, plugin.path, line)}. Nothing was started{_beside(error, plugin)}") from error
    if plugin.origin not in registered().values():
        raise PluginError(
            f"--plugin {quote(plugin.path)}: the file registers nothing. Nothing was started. "
            "Decorate your part with mlpcli.register"
        )
    _loaded[place] = plugin


def _forget(path: str) -> None:
    if path in _loaded:
        from mlpcli.plugins.register import forget

        forget(_loaded.pop(path).origin)


def _line(error: BaseException, path: str) -> int | None:
    """The line of the file that raised the exception, or what a part raised when it was tried."""
    causes = (error.__cause__, error) if isinstance(error, PluginError) else (error,)
    tracebacks = [traceback.extract_tb(cause.__traceback__) for cause in causes if cause is not None]
    lines = [[frame.lineno for frame in frames if frame.filename == path] for frames in tracebacks]
    return next((numbers[-1] for numbers in lines if numbers), None)


def _beside(error: BaseException, plugin: Plugin) -> str:
    """What to do where the file imports one beside it, which run_id would not depend on and workers would lack."""
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    if name is None or not Path(plugin.path).with_name(f"{name}.py").is_file():
        return ""
    return f". A plugin is one file: write what it takes of {name}.py into it, or install that as a package"


def _said(error: BaseException, path: str, line: int | None) -> str:
    """`snake.py, line 7: NameError: name 'x' is not defined`."""
    reason = str(error) if isinstance(error, PluginError) else raised(error)
    return f"{path}{'' if line is None else f', line {line}'}: {reason}"
