"""A letter as it is printed."""

from collections.abc import Iterator
from datetime import datetime

import msgspec
from msgspec import Raw, Struct

from actum.cli.output import EventLine, shown_time
from actum.model.event import Stored, to_datetime, to_microseconds
from actum.operations.letters.shown import content_of
from actum.ports.database import Letter
from actum.ports.letter import LetterStatus, Request


class LetterLine(Struct, frozen=True):
    """A letter as `--json` prints it, with its event, or with its message (of a queue or a timer).

    `failure` is the error for which the item was given up, while the action's `on_failure` handles it.
    """

    id: int
    action: str
    key: str
    position: int
    status: LetterStatus
    attempts: int
    error: str
    first_failed: datetime | None
    last_failed: datetime | None
    due: datetime | None
    request: Request | None
    failure: str
    message: Raw | None
    event: EventLine | None

    @classmethod
    def of(cls, letter: Letter, event: Stored | None = None) -> "LetterLine":
        """Gives the line of a letter and its event."""
        return cls(
            letter.id,
            letter.action,
            letter.key,
            letter.position,
            letter.status,
            letter.attempts,
            letter.error,
            _time(letter.first_failed),
            _time(letter.last_failed),
            _time(letter.due) if letter.status == "retrying" else None,
            letter.request,
            letter.failure,
            content_of(letter),
            None if event is None else EventLine.of(event),
        )

    def described(self) -> Iterator[tuple[str, str]]:
        """Gives the values that there are, by name, as text for people."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, datetime):
                yield name.replace("_", " "), shown_time(to_microseconds(value))
            elif isinstance(value, Raw | Struct):
                yield name, msgspec.json.encode(value).decode()
            elif value not in (None, ""):
                yield name, str(value)


def _time(microseconds: int) -> datetime | None:
    return to_datetime(microseconds) if microseconds else None
