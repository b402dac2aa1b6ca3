"""How this copy of mlpcli was installed, and so the command that adds an extra to it.

The distribution has another name than the package: `mlpcli` on the package index is somebody else's.
"""

import json
import os
import shlex
import shutil
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

__all__ = ["DISTRIBUTION", "install_command"]

DISTRIBUTION = "mlp-experiments"


def install_command(extra: str, *packages: str) -> str:
    """The command that installs an extra (`plot`, `dask`) beside this copy, as typed in the working folder.

    `packages` are those that it needs besides and that are too large for the extra.

    A checkout is installed from its folder, with `-e` where it was; a wheel or a repository from where it came; a
    release by its name.
    """
    quote = '"' if os.name == "nt" else "'"
    source = _source()
    options, where = "", f"{DISTRIBUTION}[{extra}]"
    if folder := _folder(source):
        options = "-e " if not source or source["dir_info"].get("editable") else ""
        place = _from_here(folder)
        if not os.path.isabs(place) and place != os.curdir:
            place = os.path.join(os.curdir, place)  # pip takes a bare word for a name on the index
        where = f"{place}[{extra}]"
    elif vcs := source.get("vcs_info"):
        where += f" @ {vcs['vcs']}+{source['url']}@{vcs['commit_id']}"
    elif "archive_info" in source:
        where += f" @ {source['url']}"
    return " ".join((f"{_installer()} {options}{quote}{where}{quote}", *packages))


def _folder(source: dict[str, Any]) -> Path | None:
    """The checkout that pip installed, or that runs without being installed; None where there is none."""
    if not source:
        folder = Path(__file__).parents[1]
    elif "dir_info" in source:
        from urllib.parse import urlsplit
        from urllib.request import url2pathname  # loads http.client, which no reader of a table needs

        folder = Path(url2pathname(urlsplit(source["url"]).path))
    else:
        return None
    return folder if (folder / "pyproject.toml").is_file() else None


def _source() -> dict[str, Any]:
    """Origin of the distribution as pip recorded it; empty for a release and where it is not installed."""
    try:
        text = metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return {}
    source: dict[str, Any] = json.loads(text or "{}")
    return source


def _installer() -> str:
    """What installs into the environment of this Python: its pip, by its path where it is not active, or uv."""
    beside = Path(sys.executable).with_name("pip.exe" if os.name == "nt" else "pip")
    found = shutil.which("pip")
    if found and Path(found) == beside:
        return "pip install"
    python = _word(_from_here(Path(sys.executable)))
    if find_spec("pip") is None:
        return f"uv pip install --python {python}"
    return f"{_word(_from_here(beside))} install" if beside.exists() else f"{python} -m pip install"


def _word(path: str) -> str:
    """A path as one word of the shell."""
    return f'"{path}"' if os.name == "nt" and " " in path else path if os.name == "nt" else shlex.quote(path)


def _from_here(path: Path) -> str:
    """A path as it is typed in the working folder: relative if it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
