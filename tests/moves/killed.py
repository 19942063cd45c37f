"""Exports or imports the ledger in a process that is killed midway: COMMAND URL FILE EVENTS."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from actum.operations.moves import exporting
from actum.operations.moves.exporting import export_application
from actum.operations.moves.importing import import_application
from tests.moves.ledger import app

PAGE, CHUNK = 200, 400
"""Events that are read at once, and those of a chunk, so that there are several."""


def main(command: str, url: str, file: str, events: str) -> None:
    """Runs the command, and kills this process once so many events were reported."""

    def report(part: str, done: int, _: int) -> None:
        if part == "events" and done >= int(events):
            os.kill(os.getpid(), signal.SIGKILL)

    exporting.PAGE, exporting.MAX_EVENTS = PAGE, CHUNK
    run = export_application if command == "export" else import_application
    asyncio.run(run(app, url, Path(file), report))


if __name__ == "__main__":
    main(*sys.argv[1:])
