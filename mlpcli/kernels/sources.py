"""The C sources of the compiled library: a wheel has the library without them, a checkout both.

After a pull or an edit the library of a checkout is of other sources; the number that it was compiled with shows this.
"""

import zlib
from pathlib import Path

__all__ = ["checksum"]

FILES = ("module.c", "passes.h")


def checksum() -> int | None:
    """A number from 1 to 2^31 - 1 that changes with the sources; None where they are not here."""
    number = 0
    for name in FILES:
        try:
            number = zlib.crc32(Path(__file__).with_name(name).read_bytes(), number)
        except OSError:
            return None
    return number % (2**31 - 1) + 1
