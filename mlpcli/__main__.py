"""The entry point, kept free of imports so that Ctrl-C is answered from the first moment.

The garbage collector is kept from looking through all that was imported, while it is imported and at the end: a tenth
of what a short command takes. Nothing large waits for it: networks and their arrays are in no reference cycles.
"""


def main() -> None:
    """Run the command line and leave with its exit code."""
    import gc
    import sys

    gc.set_threshold(50_000)

    try:
        from mlpcli.cli.main import run
    except KeyboardInterrupt:
        sys.exit(130)
    code = run()
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
