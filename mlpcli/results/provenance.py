"""The origin of a result: enough to tell, years later, which code and machine computed the numbers."""

import os
import platform
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import mlpcli
from mlpcli import json_text
from mlpcli.config.origins import registered
from mlpcli.installation import DISTRIBUTION
from mlpcli.results.files.snapshot import current
from mlpcli.results.folders.promotion import PROVENANCE

__all__ = ["git_commit", "labels", "plugin_files", "provenance", "provenance_of"]

_OF_PROGRAM = " of the program"
"""End of the key that stands in the place of a file's name for a part that the program itself registered."""


_TYPES: dict[str, type] = {
    **dict.fromkeys(("cpu", "git_commit", "note", "python", "started", "version"), str),
    **dict.fromkeys(("command", "tags"), list),
    "plugins": dict,
}
"""The types of what `provenance` writes and others read."""


def labels(note: str | None, tags: Sequence[str]) -> dict[str, Any]:
    """What a user says of results, as provenance.json has it; no run_id depends on it.

    >>> labels("before the fix", ["paper", "paper"])
    {'note': 'before the fix', 'tags': ['paper']}
    """
    return ({"note": note} if note else {}) | ({"tags": list(dict.fromkeys(tags))} if tags else {})


def provenance(data_digest: str | None, said: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The content of provenance.json, taken at the start of a command; it never fails.

    The environment is left out, since it may contain secrets. `said` are the user's `labels`.
    """
    return {
        "command": list(sys.argv),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": mlpcli.__version__,
        "git_commit": git_commit(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": dict(_packages()),
        "kernels": _kernels(),
        "blas": _blas(),
        "cpu": _cpu(),
        "platform": platform.platform(),
        "data_digest": data_digest,
        **_parts(),
        **(said or {}),
    }


def provenance_of(path: Path) -> dict[str, Any]:
    """The content of provenance.json, without values of other types than `provenance` writes.

    Empty where the file cannot be read: it says nothing that numbers depend on.
    """
    try:
        content = json_text.parse(current(path, PROVENANCE).read_bytes())
    except (OSError, ValueError):
        return {}
    facts = content.items() if isinstance(content, dict) else ()
    return {name: value for name, value in facts if isinstance(value, _TYPES.get(name, object))}


def plugin_files(path: Path) -> tuple[str, ...]:
    """The names of the files of user-defined parts that a run or a sweep was made with, as provenance.json has them."""
    plugins = provenance_of(path).get("plugins", {})
    return tuple(sorted(file for file in plugins if not file.endswith(_OF_PROGRAM)))


def git_commit(folder: Path | None = None) -> str | None:
    """The commit checked out in `folder` (the working folder) or above it, by git's own files: git may be absent."""
    with suppress(OSError, UnicodeDecodeError):
        folder = folder or Path.cwd()
        for above in (folder, *folder.parents):
            git = above / ".git"
            if git.is_file():  # a linked worktree
                git = above / git.read_text().removeprefix("gitdir:").strip()
            if git.is_dir():
                return _head(git)
    return None


def _head(git: Path) -> str | None:
    head = (git / "HEAD").read_text().strip()
    if not head.startswith("ref:"):
        return head
    name = head.removeprefix("ref:").strip()
    shared = git / (git / "commondir").read_text().strip() if (git / "commondir").is_file() else git
    for place in (git / name, shared / name):
        if place.is_file():
            return place.read_text().strip()
    packed = (shared / "packed-refs").read_text() if (shared / "packed-refs").is_file() else ""
    found = re.search(rf"^([0-9a-f]+) {re.escape(name)}$", packed, re.MULTILINE)
    return found and found[1]


@cache
def _packages() -> dict[str, str]:
    """The versions of the packages that mlpcli requires, by its own metadata."""
    versions = {}
    with suppress(metadata.PackageNotFoundError):
        for requirement in metadata.requires(DISTRIBUTION) or []:
            name = re.match(r"[\w.-]+", requirement)
            if name and "extra ==" not in requirement:
                with suppress(metadata.PackageNotFoundError):
                    versions[name[0]] = metadata.version(name[0])
    return versions


def _parts() -> dict[str, Any]:
    """The SHA-256 of each source of user-defined parts."""
    sources = {
        origin.file or f"{option} {name}{_OF_PROGRAM}": origin.sha256 for (option, name), origin in registered().items()
    }
    return {"plugins": sources} if sources else {}


def _kernels() -> str:
    from mlpcli.kernels.compiled import KERNELS

    return KERNELS


def _blas() -> list[dict[str, Any]]:
    from threadpoolctl import threadpool_info

    kept = ("internal_api", "version", "architecture", "threading_layer", "num_threads")
    return [{key: pool.get(key) for key in kept} for pool in threadpool_info() if pool.get("user_api") == "blas"]


def _cpu() -> str:
    with suppress(OSError):
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        if found:
            return f"{found[1]} ({os.cpu_count()} cores)"
    return f"{platform.processor() or platform.machine()} ({os.cpu_count()} cores)"
