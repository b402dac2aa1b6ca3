"""Where a page of measurements stands, its title, and the line below it: what they were made on."""

from importlib.metadata import version
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from mlpcli.kernels.compiled import KERNELS
from mlpcli.results.provenance import provenance

__all__ = ["measured_on", "page", "title"]


def page(name: str) -> Path:
    """The page of this name; what is measured without the compiled kernels has a folder of its own."""
    folder = Path(__file__).parents[2] / "results" / "reference"
    return folder / name if KERNELS == "compiled" else folder / "without_kernels" / name


def title(text: str) -> str:
    """The first lines of a page, which say where the compiled kernels took no part."""
    if KERNELS == "compiled":
        return f"# {text}"
    return f"# {text}, without the compiled kernels\n\nMeasured with `MLPCLI_KERNELS=0` in the environment."


def measured_on(*packages: str) -> str:
    """The processor, the versions of Python, NumPy and `packages`, NumPy's BLAS, our kernels and the commit.

    The BLAS is named with the processor that its kernels are for, by which products take half or twice the time.
    """
    machine = provenance(None)
    blas = next(pool for pool in threadpool_info() if pool["user_api"] == "blas" and "numpy" in pool["filepath"])
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{machine['cpu']}, Python {machine['python'].split()[-1]}, NumPy {np.__version__} ({blas['internal_api']} "
        f"{blas['version']}, kernels for {blas['architecture']}){', ' * bool(versions)}{versions}; kernels of mlpcli: "
        f"{machine['kernels']}; commit {machine['git_commit']}."
    )
