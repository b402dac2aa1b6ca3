"""Every option of a run: declared once, read from the command line and TOML, checked, resolved and identified.

This room knows neither networks nor data, only what may be asked of them.
"""

from mlpcli.config.data_options import DataOptions
from mlpcli.config.described import OPTIONS, READING, Option
from mlpcli.config.identity import FORMAT, run_id, run_ids, stack_key
from mlpcli.config.options import RunOptions, as_dict
from mlpcli.config.resolve import resolve, unread, waits_for_data, with_preset
from mlpcli.config.sources.merge import Source, build, canonical_value, check_value, unfolded, usage_error
from mlpcli.config.sources.reader import read_options, read_toml

__all__ = [
    "FORMAT",
    "OPTIONS",
    "READING",
    "DataOptions",
    "Option",
    "RunOptions",
    "Source",
    "as_dict",
    "build",
    "canonical_value",
    "check_value",
    "read_options",
    "read_toml",
    "resolve",
    "run_id",
    "run_ids",
    "stack_key",
    "unfolded",
    "unread",
    "usage_error",
    "waits_for_data",
    "with_preset",
]
