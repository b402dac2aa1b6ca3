"""The page as one HTML file: nothing is loaded when it is opened, from a disk or from a mail.

The charts are drawn by plotly.js out of the package `plotly`, compressed to a third; the browser unpacks it. A policy
in the page forbids every connection. Text from files is escaped by the template, numbers travel as JSON.
"""

import base64
import gzip
import json
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import mlpcli
from mlpcli.errors import UsageError
from mlpcli.installation import install_command
from mlpcli.report.chart_numbers import brief
from mlpcli.report.contents import Contents

__all__ = ["check_installed", "page_bytes"]

FOLDER = Path(__file__).parent


def check_installed() -> None:
    """Check that the packages of the extra are there.

    Raises:
        UsageError: one is not; the message says what to type.
    """
    for package in ("jinja2", "plotly"):
        if find_spec(package) is None:
            raise UsageError(
                f"mlpcli report: {package} is not installed. Nothing was written. Type: {install_command('report')}"
            )


def page_bytes(contents: Sequence[Contents]) -> bytes:
    """The page: the same bytes for the same results and versions."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters["brief"] = brief
    page = environment.get_template("page.html").render(
        title=", ".join(one.name for one in contents),
        results=contents,
        version=mlpcli.__version__,
        data=_json([one.chart for one in contents]),
        plotly=_plotly(),
        **{name: (FOLDER / f"page.{name}").read_text(encoding="utf-8") for name in ("css", "js")},
    )
    return page.encode()


def _json(value: Any) -> str:
    """JSON that cannot end the element it stands in."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@cache
def _plotly() -> str:
    """plotly.js, gzip in base64."""
    from importlib.resources import files

    source = files("plotly").joinpath("package_data", "plotly.min.js").read_bytes()
    return base64.b64encode(gzip.compress(source, mtime=0)).decode()
