"""The commands that list dead letters, show one, and have them retried or skipped."""

import asyncio
from typing import Annotated

import typer

from actum.cli.failure import CommandFailed, one_line
from actum.cli.letter_line import LetterLine
from actum.cli.letter_request import ask_for
from actum.cli.loading import load_app
from actum.cli.opening import open_beside
from actum.cli.options import AppName, AsJson, DatabaseUrl, StoreUrl, storable
from actum.cli.output import print_json, print_line, print_table, shown_time
from actum.model.event import Stored
from actum.ports.database import Database, Letter, LetterStatus, Request
from actum.runtime.actions.reactor import TIMERS
from actum.runtime.declarations import check
from actum.stores.open import Stores

PAGE = 1_000

dead_letters: typer.Typer = typer.Typer(
    no_args_is_help=True, help="Lists what actions could not do, and has it retried or skipped."
)

LetterIds = Annotated[
    list[int] | None,
    typer.Argument(metavar="ID", callback=storable, help="The letters, by id.", show_default=False),
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
    letters = asyncio.run(_all(loaded.store_url(store, database), action, status))
    if is_json:
        for letter in letters:
            print_json(LetterLine.of(letter))
    else:
        headings = ("id", "action", "key", "status", "attempts", "last failed", "error")
        print_table(headings, [_row(letter) for letter in letters])


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
    """Shows one letter: what could not be done, how often it was tried, and why it failed."""
    loaded = load_app(app)
    letter, event = asyncio.run(_one(loaded.store_url(store, database), id))
    line = LetterLine.of(letter, event)
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
    """Has letters tried again, by the running application or else when it starts next."""
    _request(app, "retry", ids, is_all=is_all, store=store, database=database)


@dead_letters.command()
def skip(
    app: AppName,
    ids: LetterIds = None,
    is_all: AllDead = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Has letters dropped without being done; what waits behind them goes on."""
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
        raise typer.BadParameter("name letters by id, or say --all", param_hint="ID")
    loaded = load_app(app)
    actions = {plan.name for plan in check(loaded.catalog, loaded.resources)} | {TIMERS}
    asyncio.run(_ask(loaded.store_url(store, database), actions, request, ids))


async def _ask(url: str, actions: set[str], request: Request, ids: list[int] | None) -> None:
    async with open_beside(url) as stores:
        if ids is None:
            letters = await _pages(stores.database, None, "dead")
        else:
            letters = [await _letter(stores.database, id) for id in dict.fromkeys(ids)]
        await ask_for(request, letters, url, stores.database, actions)


async def _all(url: str, action: str | None, status: LetterStatus | None) -> list[Letter]:
    async with open_beside(url) as stores:
        return await _pages(stores.database, action, status)


async def _pages(database: Database, action: str | None, status: LetterStatus | None) -> list[Letter]:
    letters: list[Letter] = []
    after = 0
    while page := await database.letters(action=action, status=status, after=after, limit=PAGE):
        letters += page
        after = page[-1].id
    return letters


async def _one(url: str, id: int) -> tuple[Letter, Stored | None]:
    async with open_beside(url) as stores:
        letter = await _letter(stores.database, id)
        return letter, await _event_of(letter, stores)


async def _event_of(letter: Letter, stores: Stores) -> Stored | None:
    """Gives the event of a letter; one of a queue or a timer carries its content itself."""
    if letter.body:
        return None
    found = await stores.journal.feed(letter.position - 1, 1)
    return found[0] if found and found[0].position == letter.position else None


async def _letter(database: Database, id: int) -> Letter:
    letter = await database.letter(id)
    if letter is None:
        raise CommandFailed(f"there is no letter {id}")
    return letter


def _row(letter: Letter) -> tuple[str, ...]:
    status = letter.status if letter.request is None else f"{letter.status}, to {letter.request}"
    failed = shown_time(letter.last_failed)
    error = one_line(letter.error)
    return str(letter.id), letter.action, letter.key, status, str(letter.attempts), failed, error
