"""The commands that list dead letters, show one, and retry or skip them."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import typer

from actum.app import App
from actum.cli.failure import CommandFailed, one_line
from actum.cli.letter_line import LetterLine
from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, DatabaseUrl, StoreUrl, storable
from actum.cli.output import print_json, print_line, print_table, shown_time
from actum.operations.letters.requests import (
    LetterOutcome,
    LetterSummary,
    find_dead_letters,
    find_letters,
    request_letters,
    watch_letters,
)
from actum.operations.letters.shown import ShownLetter, all_letters, show_letter
from actum.operations.opening import is_running, open_beside
from actum.ports.database import Letter, LetterStatus, Request
from actum.stores.open import Stores

HEADINGS = ("id", "action", "key", "status", "attempts", "last failed", "error")
PATIENCE = timedelta(seconds=10)
"""How long to wait for the application to carry out a request."""

DONE: dict[Request, str] = {"retry": "done", "skip": "skipped"}

dead_letters: typer.Typer = typer.Typer(
    no_args_is_help=True, help="Lists what actions failed to do, and retries or skips it."
)

LetterIds = Annotated[
    list[int] | None,
    typer.Argument(metavar="ID", callback=storable, help="The ids of the letters.", show_default=False),
]
AllDead = Annotated[bool, typer.Option("--all", help="Every letter that is dead.")]


@dead_letters.command("list")
def list_(
    app: AppName,
    action: Annotated[str | None, typer.Option(help="Only letters of this action.")] = None,
    status: Annotated[LetterStatus | None, typer.Option(help="Only letters in this status.")] = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Lists letters: what an action failed to do, and what waits behind it.

    A letter is `retrying` until its attempts are used up, and then `dead`; later events or messages of the
    same key are `waiting` behind it.
    """
    loaded = load_app(app)
    asyncio.run(_list(loaded.store_url(store, database), action, status, is_json=is_json))


@dead_letters.command()
def show(
    app: AppName,
    id: Annotated[
        int, typer.Argument(metavar="ID", callback=storable, help="The letter's id.", show_default=False)
    ],
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Shows one letter: what failed, how often it was tried, and why it failed."""
    loaded = load_app(app)
    shown = asyncio.run(_one(loaded.store_url(store, database), id))
    line = LetterLine.of(shown.letter, shown.event)
    if is_json:
        print_json(line)
    else:
        for name, value in line.described():
            print_line(f"{name:>12}", value)


@dead_letters.command()
def retry(
    app: AppName,
    ids: LetterIds = None,
    is_all: AllDead = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Retries letters: the running application does it, or else the application when it starts next."""
    _request(app, "retry", ids, is_all=is_all, store=store, database=database)


@dead_letters.command()
def skip(
    app: AppName,
    ids: LetterIds = None,
    is_all: AllDead = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Skips letters: they are deleted without being done, and what waits behind them continues."""
    _request(app, "skip", ids, is_all=is_all, store=store, database=database)


def _request(
    app: str,
    request: Request,
    ids: list[int] | None,
    *,
    is_all: bool,
    store: str | None,
    database: str | None,
) -> None:
    if bool(ids) == is_all:
        raise typer.BadParameter("name letters by id, or use --all", param_hint="ID")
    loaded = load_app(app)
    asyncio.run(_ask_for(request, loaded, loaded.store_url(store, database), ids))


async def _list(url: str, action: str | None, status: LetterStatus | None, *, is_json: bool) -> None:
    is_continued = False
    async with open_beside(url) as stores:
        async for letters in all_letters(stores, action=action, status=status):
            if is_json:
                for letter in letters:
                    print_json(LetterLine.of(letter))
            else:
                print_table(HEADINGS, [_row(letter) for letter in letters], is_continued=is_continued)
                is_continued = True


async def _one(url: str, id: int) -> ShownLetter:
    async with open_beside(url) as stores:
        return await show_letter(stores, id)


async def _ask_for(request: Request, app: App, url: str, ids: list[int] | None) -> None:
    async with open_beside(url) as stores:
        letters = await find_dead_letters(stores) if ids is None else await find_letters(stores, ids)
        if not letters:
            print_line("no letter is dead")
            return
        await request_letters(stores, app, letters, request)
        if await is_running(stores, url):
            await _watch(stores, letters, request)
            return
    for letter in letters:
        print_line(f"letter {letter.id}: requested; the application does it when it starts ({request})")


async def _watch(stores: Stores, letters: Sequence[LetterSummary], request: Request) -> None:
    failed = 0
    async for outcome in watch_letters(stores, letters, patience=PATIENCE):
        print_line(f"letter {outcome.letter.id}: {_said(outcome, request)}")
        failed += outcome.status == "failed"
    if failed:
        raise CommandFailed(f"{failed} of {len(letters)} letters failed again: fix the cause, then retry")


def _said(outcome: LetterOutcome, request: Request) -> str:
    if outcome.status == "gone":
        return DONE[request]
    if outcome.status == "failed":
        return f"failed again ({one_line(outcome.error)})"
    is_behind = outcome.letter.status == "waiting"
    return f"not yet; it {'waits behind an earlier one' if is_behind else 'is being worked on'} ({request})"


def _row(letter: Letter) -> tuple[str, ...]:
    status = letter.status if letter.request is None else f"{letter.status}, to {letter.request}"
    failed = shown_time(letter.last_failed)
    error = one_line(letter.error)
    return str(letter.id), letter.action, letter.key, status, str(letter.attempts), failed, error
