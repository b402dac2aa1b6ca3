"""From what users write to `RunOptions`: merges the sources and reports every problem with its place."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from pydantic import TypeAdapter, ValidationError

from mlpcli.config.choices import COMPONENTS
from mlpcli.config.described import OPTIONS, Option
from mlpcli.config.options import RunOptions
from mlpcli.config.origins import plugin_flags, unknown_parts
from mlpcli.config.presets import filled_in
from mlpcli.config.rules import Conflict, conflicts
from mlpcli.errors import UsageError
from mlpcli.signals import check
from mlpcli.wording import nearest, quote

__all__ = ["Source", "build", "canonical_value", "check_value", "unfolded", "usage_error"]

MAX_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Source:
    """Values of options from one place: the command line, a file, or a table of a sweep file.

    `prefix` and an option's name make its place (`run.toml: depth`, `sweep.toml: [grid] depth`); the prefix `--`
    makes it a flag (`--norm-position`). With `text` the values are words of a command line, still to be parsed.
    `plugins` are the files that registered user-defined parts among the values, where they are known.
    """

    values: Mapping[str, object]
    prefix: str
    text: bool = False
    plugins: tuple[str, ...] = ()

    def place(self, name: str) -> str:
        """The name of an option as the source spells it, for messages."""
        return self.prefix + (name.replace("_", "-") if self.prefix == "--" else name)


def build(*sources: Source, recorded: bool = False) -> RunOptions:
    """Merge the sources: later ones override earlier ones, and all override the defaults.

    `hidden` replaces `width` and `depth`, unless a later source gives one of these (see `unfolded`). Options that are
    `recorded` in results may name user-defined parts that are not registered here; whether the options go together is
    then left open.

    Raises:
        UsageError: one error that lists every problem.
    """
    values: dict[str, object] = {}
    given: dict[str, Source] = {}
    problems: list[str] = []
    for source in sources:
        if "width" in source.values or "depth" in source.values:
            values = unfolded(values)
            given = {name: given.get(name) or given["hidden"] for name in values}
        for name, value in source.values.items():
            if name in OPTIONS:
                values[name] = _read(OPTIONS[name], value) if source.text else value
                given[name] = source
            else:
                problems.append(_unknown(name, source.place(name), guess=len(problems) < MAX_PROBLEMS))
    absent = {name: values[name] for name in unknown_parts(values)} if recorded else {}
    options, refused = _validate({name: value for name, value in values.items() if name not in absent})
    problems += [
        _refused(
            OPTIONS[name], values[name], given[name].place(name), given[name].text, refused[name], given[name].plugins
        )
        for name in values
        if name in refused
    ]
    options = options.model_copy(update=absent)
    for conflict in () if absent else conflicts(options):
        if refused.keys().isdisjoint(conflict.options):
            problems.append(_broken(conflict, {name: given[name].place(name) for name in values}))
    over = [given.get(name) for name in filled_in(options.preset)]
    if over and all(source not in (None, given["preset"]) for source in over):  # a flag above the options of a file
        place = given["preset"].place("preset")
        problems.append(f"{place}: all options that it fills in are given, as those of a run are. Leave either out")
    if problems:
        raise usage_error(problems)
    return options if options.hidden is None else options.with_hidden()


def unfolded(values: Mapping[str, object]) -> dict[str, object]:
    """The values with `hidden` as the width and depth that it means, for a later source that gives one of these.

    Width and depth that stand beside it are kept. A `hidden` without layers counts as not given; one whose sizes
    differ has no width.

    >>> unfolded({"hidden": [32, 32, 32], "lr": 0.1}), unfolded({"hidden": (8, 4), "width": 16})
    ({'depth': 3, 'width': 32, 'lr': 0.1}, {'depth': 2, 'width': 16})
    """
    rest = {name: value for name, value in values.items() if name != "hidden"}
    sizes = values.get("hidden")
    if not isinstance(sizes, list | tuple) or not sizes or not all(type(size) is int for size in sizes):
        return rest
    return {"depth": len(sizes)} | ({"width": sizes[0]} if len({*sizes}) == 1 else {}) | rest


def check_value(name: str, value: object, place: str, *, text: bool = False) -> str | None:
    """The problem with one value of one option, or None; `place` names it in the message."""
    if name not in OPTIONS:
        return _unknown(name, place)
    option = OPTIONS[name]
    read = _read(option, value) if text else value
    _, refused = _validate({name: read})
    return _refused(option, read, place, text, refused[name]) if refused else None


def canonical_value(name: str, value: object, *, text: bool = False) -> object:
    """The value in the form that `RunOptions` holds; ValueError where `check_value` has a problem with it."""
    return _adapter(name).validate_python(_read(OPTIONS[name], value) if text else value)


@cache
def _adapter(name: str) -> TypeAdapter[object]:
    """The type of one option alone: it is built and asked in a tenth of the time that all of them take."""
    return TypeAdapter(OPTIONS[name].annotation, config=RunOptions.model_config)


def usage_error(problems: Iterable[str]) -> UsageError:
    """One error for all problems: a single one makes one line, several a count and a list."""
    lines = list(problems)
    if len(lines) == 1:
        return UsageError(lines[0])
    more = [f"and {len(lines) - MAX_PROBLEMS} more"] if len(lines) > MAX_PROBLEMS else []
    return UsageError("\n  ".join([f"{len(lines)} problems:", *lines[:MAX_PROBLEMS], *more]))


def _read(option: Option, word: object) -> object:
    """Parse a word of the command line, for options that take numbers, lists of numbers, or true and false."""
    if not isinstance(word, str):
        return word
    if bool in option.types:
        return {"true": True, "false": False}.get(word, word)
    if option.types.isdisjoint((int, float)):
        return word
    if word.startswith("[") and word.endswith("]"):
        return [_number(part.strip()) for part in word[1:-1].split(",")] if word[1:-1].strip() else []
    return [_number(part) for part in word.split(",")] if "," in word else _number(word)


def _number(word: str) -> object:
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word


def _validate(values: Mapping[str, object]) -> tuple[RunOptions, dict[str, str]]:
    """The options, with defaults in place of bad values, and the names of the bad ones.

    The reason of each is an empty text, unless one of our types gave it.
    """
    try:
        return RunOptions.model_validate(values), {}
    except ValidationError as error:
        check()  # a signal may have made it
        problems = error.errors(include_url=False)
        refused = {str(problem["loc"][0]): str(problem.get("ctx", {}).get("error", "")) for problem in problems}
        accepted = {name: value for name, value in values.items() if name not in refused}
        return RunOptions.model_validate(accepted), refused


def _unknown(name: str, place: str, guess: bool = True) -> str:
    from mlpcli.config.sources.foreign import our_option  # messages alone need these tables

    hint = our_option(name) or (nearest(name, OPTIONS) if guess else "")
    return f"{quote(place)[1:-1]}: no such option{hint}"


_KINDS: dict[type, str] = {
    bool: "the boolean ",
    dict: "the table ",
    float: "the number ",
    int: "the integer ",
    list: "the list ",
    str: "the string ",
}


def _refused(option: Option, value: object, place: str, text: bool, reason: str, plugins: Sequence[str] = ()) -> str:
    """`run.toml: depth: got the string "2", expected an integer from 0 to 1000`."""
    fits = text or type(value) in option.types or (type(value) is int and float in option.types)
    kind = "" if fits else _KINDS.get(type(value), "")
    from mlpcli.config.sources.foreign import our_value

    hint = our_value(option.name, value) or (f"; {reason}" if reason else "")
    if isinstance(value, str) and not hint:
        hint = nearest(value, option.choices)
    if option.name in COMPONENTS and isinstance(value, str) and not hint:
        hint = f"; it came with{plugin_flags(plugins)}" if plugins else "; one of your own comes with --plugin FILE.py"
    return f"{place}: got {kind}{quote(value)}, expected {option.allowed}{hint}"


def _broken(conflict: Conflict, places: Mapping[str, str]) -> str:
    """`--batch-size, run.toml: norm: batch norm needs ...`: the places of the given options, and the reason."""
    return f"{', '.join(places[name] for name in conflict.options if name in places)}: {conflict.reason}"
