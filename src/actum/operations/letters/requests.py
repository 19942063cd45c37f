"""Letters that an operator asks to have retried or skipped, and what becomes of them."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import timedelta
from typing import Literal

from msgspec import Struct

from actum.app import App, definition_of
from actum.errors import NotFound
from actum.operations.letters.shown import all_letters, find_letter
from actum.ports.database import Letter
from actum.ports.letter import LetterStatus, Request
from actum.runtime.clock import SystemClock
from actum.runtime.context.timers import TIMERS
from actum.runtime.declarations import triggers_of
from actum.stores.open import Stores

POLL = timedelta(milliseconds=100)
TOGETHER = 100
"""Requests that are written at the same time."""


class LetterSummary(Struct, frozen=True, gc=False):
    """A letter without its content, so that very many can be held."""

    id: int
    action: str
    status: LetterStatus

    @classmethod
    def of(cls, letter: Letter) -> "LetterSummary":
        """Gives the summary of a letter."""
        return cls(letter.id, letter.action, letter.status)


class LetterOutcome(Struct, frozen=True):
    """What became of a request: the letter is `gone`, `failed` again with an `error`, or is still `open`."""

    letter: LetterSummary
    status: Literal["gone", "failed", "open"]
    error: str = ""


async def find_letters(stores: Stores, ids: Sequence[int]) -> list[LetterSummary]:
    """Gives letters by id, each once; raises NotFound if one of them does not exist."""
    return [LetterSummary.of(await find_letter(stores, id)) for id in dict.fromkeys(ids)]


async def find_dead_letters(stores: Stores) -> list[LetterSummary]:
    """Gives every letter that is dead."""
    return [LetterSummary.of(letter) async for page in all_letters(stores, status="dead") for letter in page]


async def request_letters(
    stores: Stores, app: App, letters: Collection[LetterSummary], request: Request
) -> None:
    """Asks the process that runs the application, now or next, to retry or to skip letters.

    Raises NotFound, and asks for none, if one is of an action that the application no longer has.
    """
    actions = {trigger.name for trigger in triggers_of(definition_of(app))}
    for letter in letters:
        if letter.action not in actions and letter.action != TIMERS:
            raise NotFound(
                f"letter {letter.id} is of the action {letter.action!r}, which the application no longer "
                "has: give an action that name again"
            )
    waiting = [letter.id for letter in letters]
    for start in range(0, len(waiting), TOGETHER):
        some = waiting[start : start + TOGETHER]
        await asyncio.gather(*(stores.database.request_letter(id, request) for id in some))


async def watch_letters(
    stores: Stores, letters: Collection[LetterSummary], *, patience: timedelta
) -> AsyncIterator[LetterOutcome]:
    """Gives what becomes of letters after a request, as it happens; after `patience`, what is still open."""
    clock = SystemClock()
    end = clock.now() + patience // timedelta(microseconds=1)
    still_open = {letter.id: letter for letter in letters}
    while still_open and clock.now() < end:
        for id, letter in tuple(still_open.items()):
            now = await stores.database.letter(id)
            if now is not None and now.request is not None:
                continue
            del still_open[id]
            yield LetterOutcome(letter, "failed", now.error) if now else LetterOutcome(letter, "gone")
        await clock.sleep(POLL)
    for letter in still_open.values():
        yield LetterOutcome(letter, "open")
