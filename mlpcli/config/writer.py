"""`RunOptions` as plain values, for config.toml, result.json and a model's metadata; `build` reads them back."""

from mlpcli.config.options import RunOptions

__all__ = ["as_dict", "as_toml"]


def as_dict(options: RunOptions) -> dict[str, object]:
    """The options as numbers, strings and lists, in the order of their declaration.

    Left out are those that are None, and width and depth where hidden replaces them.
    """
    replaced = ("width", "depth") if options.hidden is not None else ()
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in options
        if value is not None and name not in replaced
    }


def as_toml(options: RunOptions) -> str:
    """The text of a config.toml that gives these options again."""
    import tomli_w

    return tomli_w.dumps(as_dict(options))
