"""The suite for pages: whatever is listed is limited in bytes, and nothing is left out."""

import json

from actum.ports.database import Database, NewLetter, NewTimer, Progress
from actum.ports.message import Message, NewMessage
from actum.stores.page import MAX_PAGE_BYTES

BODY = b'"' + b"x" * 1_000_000 + b'"'
COUNT = 20
"""This many bodies of this size are more than one page."""
MAX_PAGE = MAX_PAGE_BYTES + len(BODY)


def message(number: int) -> NewMessage:
    """Gives a large message."""
    return NewMessage("scans", None, BODY, 100 + number, "c-1")


def letter(number: int, *, body: bytes = BODY) -> NewLetter:
    """Gives a large letter."""
    return NewLetter("scan", f"k{number}", number, body, "dead", 3, 0, "boom", 900 + number)


def timer(number: int) -> NewTimer:
    """Gives a timer with large arguments."""
    return NewTimer(f"t{number}", 700 + number, "Account", "a", "scan", b"[" + BODY + b"]", "c-1")


class PagingConformance:
    """A page ends after a number of bytes, whatever its limit, and the next one continues after it."""

    async def test_a_page_of_messages_is_bounded_in_bytes(self, database: Database) -> None:
        for number in range(COUNT):
            await database.send([message(number)])
        seen: list[Message] = []

        while page := await database.messages("scans", seen[-1].id if seen else 0, 500):
            assert sum(len(one.body) for one in page) <= MAX_PAGE
            seen += page

        assert [one.time for one in seen] == [100 + number for number in range(COUNT)]

    async def test_a_page_of_letters_is_bounded_in_bytes(self, database: Database) -> None:
        for number in range(1, COUNT + 1):
            await database.save(Progress("scan", "messages", letters=(letter(number),)))
        positions: list[int] = []
        after = 0

        while page := await database.letters(after=after, limit=1_000):
            assert sum(len(one.body) for one in page) <= MAX_PAGE
            positions += [one.position for one in page]
            after = page[-1].id

        assert positions == list(range(1, COUNT + 1))

    async def test_letters_that_somebody_asked_for_come_page_by_page(self, database: Database) -> None:
        for number in range(1, COUNT + 1):
            body = json.dumps(number).encode() if number == 2 else BODY
            await database.save(Progress("scan", "messages", letters=(letter(number, body=body),)))
        for id in [one.id for one in await database.letters(limit=3)]:
            await database.request_letter(id, "retry")
        last = (await database.letters(limit=3))[-1].id
        while page := await database.letters(after=last, limit=1_000):
            for one in page:
                await database.request_letter(one.id, "skip")
            last = page[-1].id
        positions: list[int] = []
        after = 0

        while page := await database.requested_letters("scan", after=after):
            assert sum(len(one.body) for one in page) <= MAX_PAGE
            positions += [one.position for one in page]
            after = page[-1].id

        assert positions == list(range(1, COUNT + 1))

    async def test_a_page_of_timers_is_bounded_in_bytes(self, database: Database) -> None:
        for number in range(COUNT):
            await database.add_timer(timer(number))
        names: list[str] = []
        after = (0, 0)

        while page := await database.timers(after=after, limit=1_000):
            assert sum(len(one.arguments) for one in page) <= MAX_PAGE + 2 * COUNT
            names += [one.name for one in page]
            after = (page[-1].due, page[-1].id)

        assert names == [f"t{number}" for number in range(COUNT)]
