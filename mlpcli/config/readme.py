"""Writes the table of options into the README: `python -m mlpcli.config.readme README.md`."""

import sys
from pathlib import Path

from mlpcli.config.described import options_table

__all__ = ["BEGIN", "END", "write_table"]

BEGIN, END = "<!-- options -->\n", "<!-- end of options -->"


def write_table(path: Path) -> None:
    """Replace what stands between the marks of a markdown file by the table of options."""
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    path.write_text(f"{before}{BEGIN}{options_table()}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    write_table(Path(sys.argv[1]))
