"""Which keys the retrier blocks: every one whose letters are still to be saved."""

import asyncio
from typing import Any

from actum.model.retries import Retries
from actum.ports.database import Letter
from actum.runtime.actions.retrier import Retrier
from actum.runtime.clock import ManualClock
from tests.runtime.nodes import START

LETTER = Letter(1, "act", "k", 7, b"", "retrying", 1, START, "", START, START, None)


class SlowLooks:
    """A database in which a letter is saved while it is looked up, and is not found by that look-up."""

    def __init__(self) -> None:
        self.unsaved = {"k"}
        self.letters: list[Letter] = []

    async def first_letter(self, action: str, key: str) -> Letter | None:
        found = self.letters[0] if self.letters else None
        if self.unsaved:
            self.unsaved.clear()
            self.letters.append(LETTER)
        return found

    async def remove_letter(self, id: int) -> None:
        self.letters.clear()


async def test_a_letter_that_is_kept_during_a_look_is_not_overlooked() -> None:
    """Its key stays blocked, and it is tried: later items of the key may not overtake it."""
    database: Any = SlowLooks()
    tried: list[Any] = []

    class Retrying:
        has_hook = False

        async def attempt(self, item: Any, failure: str) -> None:
            tried.append(item)

    class Source:
        async def fetch(self, letter: Letter) -> Letter:
            return letter

        def under_lease(self, database: Any, key: str) -> Any:
            return database

    source: Any = Source()
    retrying: Any = Retrying()
    retrier = Retrier(
        "act",
        source,
        retrying,
        lambda key: key in database.unsaved,
        retries=Retries(),
        database=database,
        clock=ManualClock(START),
    )
    retrier.blocked = {"k": 1}

    retrier.start("k")
    async with asyncio.timeout(60):
        await asyncio.wait(retrier._tasks.values())

    assert (tried, database.letters, retrier.blocked) == ([LETTER], [], {})
