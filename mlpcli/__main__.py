"""The entry point: signals are answered before anything else is imported.

The garbage collector does not search what was imported, neither during the imports nor at the end: that would take a
tenth of a short command. Nothing large waits for it: networks and their arrays are in no reference cycles.
"""


def main() -> None:
    """Run the command line and leave with its exit code."""
    import gc
    import sys

    try:
        from mlpcli.cli.interruption import watch

        watch()
    except KeyboardInterrupt:
        sys.exit(130)
    gc.set_threshold(50_000)
    from mlpcli.cli.main import run

    code = run()
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
