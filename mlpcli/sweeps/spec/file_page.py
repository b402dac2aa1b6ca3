"""The page of the sweep file, written from the declared keys: what `mlpcli sweep --help-file` prints."""

import re
from collections.abc import Iterator, Mapping
from textwrap import fill

from mlpcli.sweeps.spec.keys import DRAW, KEYS, TABLE_KEYS, Key

__all__ = ["OPERATORS", "file_page"]

WIDTH = 80

CODE = re.compile("`[^`]+`")

OPERATORS = {
    "==  !=": "equal, not equal: `norm == 'batch'`",
    "<  <=  >  >=": "order of numbers; chains as in `8 <= width < 64`",
    "in  not in": "member of a list: `depth in [1, 2]`",
    "+  -  *  /  %": "arithmetic, with parentheses: `width * depth <= 512`",
    "and  or  not": "joined conditions: `norm == 'none' or depth > 2`",
}
"""The operators of a condition, each row with an example between backquotes."""

HEAD = """# The sweep file

A sweep file is TOML. Its tables hold options of a run (`mlpcli train --help` lists them), with one value or several.
`mlpcli sweep FILE.toml` trains every configuration with every seed and compares them. `mlpcli sweep --help-file` prints
this page."""

PLAN = """## What is trained

The configurations are `[grid]` x `[zip]` x `[random]`, each combination over the options of `[base]`, then those of
`[[points]]`. A file without any of them trains `[base]` alone. Each configuration is trained with each seed; one that
is the same run as another is trained and counted once.
An option stands in one of `[grid]`, `[zip]` and `[random]`, and `[search]` stands in place of all of these. The option
`seed` stands nowhere beside `seeds`. `--dry-run` lists the trials and trains nothing.

On the command line `--set lr=0.1` overrides `[base]`, and `--set grid.width=[8,16]`, `--set random.trials=20` or
`--set seeds=3` any other key."""

WHERE = """## Conditions of `where`

A condition compares options, numbers, quoted texts and lists in brackets. `width`, `depth` and `hidden` describe the
network however its sizes were given (`width` if all layers have the same); an option that is not set has its default.
Combinations and points for which one of the conditions does not hold are left out before anything is trained. The
operators:"""


def file_page() -> str:
    """The page in Markdown, in lines of 80 characters, so that it reads well on a terminal too.

    >>> file_page().splitlines()[0]
    '# The sweep file'
    """
    return "\n\n".join(_sections()) + "\n"


def _sections() -> Iterator[str]:
    tables = {name: key for name, key in KEYS.items() if key.type.startswith("table")}
    yield _filled(HEAD)
    yield "## Keys above all tables"
    yield _listed({name: key for name, key in KEYS.items() if name not in tables})
    for name, key in tables.items():
        yield f"## {f'[[{name}]]' if key.type == 'tables' else f'[{name}]'}"
        default = f" Without it: {key.default}." if key.default else ""
        yield _filled(f"{key.meaning[0].upper()}{key.meaning[1:]}.{default}")
        if name in TABLE_KEYS:
            yield _listed(TABLE_KEYS[name])
        yield f"```toml\n{key.example}\n```"
    yield "## Ranges and choices"
    yield _filled("A drawn option has a table of these keys: `low` and `high`, or `choices` alone.")
    yield _listed(DRAW, required=False)
    yield _filled(PLAN)
    yield _filled(WHERE)
    yield "\n".join(f"- `{operators}` {meaning}" for operators, meaning in OPERATORS.items())


def _filled(text: str) -> str:
    """Paragraphs in lines of the page's width."""
    return "\n\n".join(map(_fill, text.split("\n\n")))


def _listed(keys: Mapping[str, Key], *, required: bool = True) -> str:
    """One item per key: its name, type, meaning and default; keys without one are `required` or of no interest."""
    items = []
    for name, key in keys.items():
        default = f"; default: {key.default}" if key.default is not None else "; required" * required
        kind = f"one of {', '.join(key.choices)}" if key.choices else key.type
        items.append(_fill(f"- `{name}` ({kind}{default}): {key.meaning}", indent="  "))
    return "\n".join(items)


def _fill(text: str, indent: str = "") -> str:
    """One paragraph in lines of the page's width, which do not break between backquotes."""
    whole = CODE.sub(lambda code: code[0].replace(" ", "\0"), " ".join(text.split()))
    return fill(whole, WIDTH, subsequent_indent=indent, break_on_hyphens=False).replace("\0", " ")
