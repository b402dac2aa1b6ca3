"""The entry point: signals are answered before anything else is imported.

The garbage collector does not search what was imported, and at the end the process leaves without taking its modules
down: each would take a tenth of a short command. Nothing large waits for the collector: networks and their arrays are
in no reference cycles.
"""


def main() -> None:
    """Run the command line and leave with its exit code."""
    import gc
    import os
    import sys
    import warnings

    gc.set_threshold(200_000)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # they are looked for in every installed package
    try:
        from mlpcli.cli.interruption import watch

        watch()
    except KeyboardInterrupt:
        sys.exit(130)

    import atexit
    from contextlib import suppress

    code = 1  # of what nobody foresaw

    def leave() -> None:
        # not by way of C's exit handlers: pyarrow's allocator crashes in its own where it has found no memory
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):  # it may be closed or absent
                stream.flush()
        os._exit(code)

    atexit.register(leave)  # being the first, it is called when all others have been
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # a library's, such as joblib's, would stand between the lines of a command
    # pyarrow's memory allocator starts a thread, and prints a line where it gets none
    os.environ.setdefault("JE_ARROW_MALLOC_CONF", "background_thread:false")
    try:
        from mlpcli.threads import set_up_blas

        set_up_blas()  # before pydantic and NumPy are loaded

        from mlpcli.cli.main import run
    except (ImportError, MemoryError, OSError) as error:
        reason = " ".join(str(error).split()) or "not enough memory"
        os.write(2, f"mlpcli: error: cannot start: {reason}\n".encode())
        code = 74
        sys.exit(code)
    code = run()
    sys.exit(code)


if __name__ == "__main__":
    main()
