"""Every option of a run: declared once, read from the command line and TOML, checked, resolved and identified.

Stands alone: it knows no network and no data, only what may be asked of them.
"""

from mlpcli.config.described import OPTIONS, Option, options_table
from mlpcli.config.identity import FORMAT, resolve, run_id, stack_key
from mlpcli.config.merge import Source, build, canonical_value, check_value, usage_error
from mlpcli.config.options import DEFAULT_LR, DataOptions, RunOptions
from mlpcli.config.presets import waits_for_data, with_preset
from mlpcli.config.reader import read_options, read_toml
from mlpcli.config.writer import as_dict, as_toml

__all__ = [
    "DEFAULT_LR",
    "FORMAT",
    "OPTIONS",
    "DataOptions",
    "Option",
    "RunOptions",
    "Source",
    "as_dict",
    "as_toml",
    "build",
    "canonical_value",
    "check_value",
    "options_table",
    "read_options",
    "read_toml",
    "resolve",
    "run_id",
    "stack_key",
    "usage_error",
    "waits_for_data",
    "with_preset",
]
