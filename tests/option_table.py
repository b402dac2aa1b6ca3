"""Write the README's table of options, read off their declaration: `python -m tests.option_table`."""

from pathlib import Path

from mlpcli.config import OPTIONS

__all__ = ["BEGIN", "END", "README", "option_table", "write_table"]

README = Path(__file__).parents[1] / "README.md"

BEGIN, END = "<!-- options -->\n", "<!-- end of options -->"


def option_table() -> str:
    """The table in Markdown, one row per option."""
    lines = ["| option | default | values | meaning |", "|---|---|---|---|"]
    lines += [f"| `{o.name}` | {o.shown} | {o.allowed.removeprefix('one of ')} | {o.help} |" for o in OPTIONS.values()]
    return "\n".join(lines) + "\n"


def write_table(path: Path) -> None:
    """Replace what stands between the marks of a Markdown file by the table."""
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    path.write_text(f"{before}{BEGIN}{option_table()}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    write_table(README)
