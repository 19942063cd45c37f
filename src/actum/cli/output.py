"""How commands print: lines of JSON for programs, lines and tables for people."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw, Struct

from actum.cli.characters import print_json_text
from actum.model.event import Stored, to_datetime

UNBOUNDED = 100_000
"""The width, in columns, of output that does not go to a terminal."""


class EventLine(Struct, frozen=True):
    """An event as `--json` prints it: the payload and metadata as they are stored."""

    position: int
    kind: str
    id: str
    version: int
    type: str
    type_version: int
    time: datetime
    event: Raw
    metadata: Raw

    @classmethod
    def of(cls, stored: Stored) -> "EventLine":
        """Gives the line of a stored event."""
        return cls(
            stored.position,
            stored.kind,
            stored.id,
            stored.version,
            stored.type,
            stored.type_version,
            to_datetime(stored.time),
            Raw(stored.payload),
            Raw(stored.metadata),
        )


def print_json(value: Any) -> None:
    """Prints one value as one line of JSON."""
    print_json_text(msgspec.json.encode(value).decode())


def print_outcome(outcome: Any, *lines: str, is_json: bool) -> None:
    """Prints what came of a command: as one line of JSON, or as lines for people."""
    if is_json:
        print_json(outcome)
    else:
        for line in lines:
            print_line(line)


def print_line(*cells: str) -> None:
    """Prints cells side by side; terminal control characters are printed as escapes."""
    print("  ".join(map(printable, cells)))


def print_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, is_continued: bool = False
) -> None:
    """Prints rows under their headings, which a table that is continued leaves out.

    Rows are wrapped on a terminal; in other output each is one line.
    """
    from rich.console import Console
    from rich.table import Table

    width = None if sys.stdout.isatty() else UNBOUNDED
    console = Console(width=width, highlight=False, markup=False, emoji=False)
    table = Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_header=not is_continued
    )
    for heading in headings:
        table.add_column(heading, no_wrap=heading is not headings[-1])
    for row in rows:
        table.add_row(*map(printable, row))
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        print(line.rstrip())


def printable(text: str) -> str:
    """Replaces line breaks and terminal control characters with escapes."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def shown_time(microseconds: int) -> str:
    """Gives a time (microseconds since 1970) in UTC, to the millisecond; nothing for 0."""
    if not microseconds:
        return ""
    return to_datetime(microseconds).isoformat(" ", "milliseconds").replace("+00:00", "Z")
