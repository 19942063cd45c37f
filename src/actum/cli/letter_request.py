"""Asking for letters to be retried or skipped, and saying what became of it."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import timedelta

from actum.cli.failure import CommandFailed, one_line
from actum.cli.output import print_line
from actum.ports.database import Database, Letter, Request
from actum.runtime.clock import SystemClock
from actum.stores.open import is_owned

POLL = timedelta(milliseconds=100)
PATIENCE = timedelta(seconds=10)
"""How long to wait for word from the application."""

DONE: dict[Request, str] = {"retry": "done", "skip": "skipped"}


async def ask_for(
    request: Request, letters: Sequence[Letter], url: str, database: Database, actions: Collection[str]
) -> None:
    """Asks whoever runs the application, and says what becomes of it; raises if a retry failed."""
    for letter in letters:
        if letter.action not in actions:
            raise CommandFailed(
                f"letter {letter.id} is of the action {letter.action!r}, which the application has no more: "
                "give an action that name again"
            )
    await asyncio.gather(*(database.request_letter(letter.id, request) for letter in letters))
    if not letters:
        print_line("no letter is dead")
    elif await database.is_attended() or await is_owned(url):
        await _watch(request, letters, database)
    else:
        for letter in letters:
            print_line(f"letter {letter.id}: kept; the application does it when it starts ({request})")


async def _watch(request: Request, letters: Sequence[Letter], database: Database) -> None:
    clock, failed = SystemClock(), 0
    open_letters = {letter.id: letter for letter in letters}
    end = clock.now() + PATIENCE // timedelta(microseconds=1)
    while open_letters and clock.now() < end:
        for id in list(open_letters):
            now = await database.letter(id)
            if now is None:
                print_line(f"letter {id}: {DONE[request]}")
                del open_letters[id]
            elif now.request is None:
                failed += 1
                print_line(f"letter {id}: failed again ({one_line(now.error)})")
                del open_letters[id]
        await clock.sleep(POLL)
    for id, letter in open_letters.items():
        why = "it waits behind an earlier one" if letter.status == "waiting" else "it is being worked on"
        print_line(f"letter {id}: not yet; {why} ({request})")
    if failed:
        raise CommandFailed(f"{failed} of {len(letters)} letters failed again: see what is wrong, then retry")
