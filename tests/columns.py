"""Write results/reference/README.md, the page of every column of every CSV file: `python -m tests.columns`."""

from pathlib import Path

from mlpcli.results.schema.columns_page import columns_page

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).parents[1] / "results/reference/README.md"

HEAD = """# The columns of results

Every column of every CSV file that mlpcli writes, with its meaning and unit. Written by `python -m tests.columns`.

"""


def page() -> str:
    """The content of the page."""
    return HEAD + columns_page()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
