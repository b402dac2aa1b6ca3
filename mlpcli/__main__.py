"""The entry point, kept free of imports so that Ctrl-C is answered from the first moment."""


def main() -> None:
    """Run the command line and leave with its exit code."""
    import sys

    try:
        from mlpcli.cli.main import run
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(run())


if __name__ == "__main__":
    main()
