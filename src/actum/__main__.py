"""Runs the command line, as `python -m actum`."""

from actum.cli.main import main

if __name__ == "__main__":
    main()
