"""The commands that list dead letters, show one, and retry, skip or edit them."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from msgspec import Struct

from actum.cli.characters import print_json_text
from actum.cli.default_command import ListByDefault
from actum.cli.failure import CommandFailed, one_line
from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, By, DatabaseUrl, StoreUrl, operator, storable
from actum.cli.output import print_json, print_line, print_outcome, print_table, shown_time
from actum.ports.letter import LetterStatus, Request

if TYPE_CHECKING:
    from actum.app import App
    from actum.operations.letters.requests import LetterOutcome, LetterSummary
    from actum.operations.letters.shown import ShownLetter
    from actum.ports.database import Letter
    from actum.stores.open import Stores

HEADINGS = ("id", "action", "key", "status", "attempts", "last failed", "error")
PATIENCE = timedelta(seconds=10)
"""How long to wait for the application to carry out a request."""

DONE: dict[Request, str] = {"retry": "done", "skip": "skipped"}

dead_letters: typer.Typer = typer.Typer(
    cls=ListByDefault,
    no_args_is_help=True,
    help="Lists what actions failed to do, and retries, skips or edits it.",
)

LetterIds = Annotated[
    list[int] | None,
    typer.Argument(metavar="ID", callback=storable, help="The ids of the letters.", show_default=False),
]
AllDead = Annotated[bool, typer.Option("--all", help="Every letter that is dead.")]


class RequestedLine(Struct, frozen=True):
    """What came of a request for a letter, as `--json` prints it.

    It was only `requested` while no application runs that could do it; `pending` is one that runs and has not
    done it yet.
    """

    id: int
    request: Request
    outcome: Literal["done", "skipped", "failed", "pending", "requested"]
    error: str = ""


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
    from actum.cli.letter_line import LetterLine

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
    by: By = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Retries letters: the running application does it, or else the application when it starts next."""
    _request(app, "retry", ids, is_all=is_all, by=by, is_json=is_json, store=store, database=database)


@dead_letters.command()
def skip(
    app: AppName,
    ids: LetterIds = None,
    is_all: AllDead = False,
    by: By = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Skips letters: they are deleted without being done, and what waits behind them continues."""
    _request(app, "skip", ids, is_all=is_all, by=by, is_json=is_json, store=store, database=database)


@dead_letters.command()
def edit(
    app: AppName,
    id: Annotated[
        int, typer.Argument(metavar="ID", callback=storable, help="The letter's id.", show_default=False)
    ],
    content: Annotated[
        str | None,
        typer.Argument(metavar="JSON", help="The message or arguments; left out, they are printed."),
    ] = None,
    by: By = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Replaces the message of a letter, or the arguments of its timer's command, and has it retried.

    It has to fit what the action or the command takes. What it was is kept in the audit log, which
    `actum audit` lists. An event is never edited.
    """
    loaded = load_app(app)
    asyncio.run(_edit(loaded, loaded.store_url(store, database), id, content, by, is_json=is_json))


def _request(
    app: str,
    request: Request,
    ids: list[int] | None,
    *,
    is_all: bool,
    by: str | None,
    is_json: bool,
    store: str | None,
    database: str | None,
) -> None:
    if bool(ids) == is_all:
        raise typer.BadParameter("name letters by id, or use --all", param_hint="ID")
    loaded = load_app(app)
    url = loaded.store_url(store, database)
    asyncio.run(_ask_for(request, loaded, url, ids, operator(by), is_json=is_json))


async def _list(url: str, action: str | None, status: LetterStatus | None, *, is_json: bool) -> None:
    from actum.cli.letter_line import LetterLine
    from actum.operations.letters.shown import all_letters
    from actum.operations.opening import open_beside

    is_continued = False
    async with open_beside(url) as stores:
        async for letters in all_letters(stores, action=action, status=status):
            if is_json:
                for letter in letters:
                    print_json(LetterLine.of(letter))
            else:
                print_table(HEADINGS, [_row(letter) for letter in letters], is_continued=is_continued)
                is_continued = True


async def _one(url: str, id: int) -> "ShownLetter":
    from actum.operations.letters.shown import show_letter
    from actum.operations.opening import open_beside

    async with open_beside(url) as stores:
        return await show_letter(stores, id)


async def _edit(app: "App", url: str, id: int, content: str | None, by: str | None, *, is_json: bool) -> None:
    from actum.operations.letters.edit import edit_letter, editable
    from actum.operations.letters.requests import find_letters
    from actum.operations.opening import is_running
    from actum.operations.people import open_editable

    async with open_editable(app, url) as (stores, declared):
        if content is None:
            found = await editable(stores, declared, id)
            if found.text is None:
                raise CommandFailed(f"letter {id} cannot be edited: {found.why}")
            print_json_text(found.text.decode())
            return
        [letter] = await find_letters(stores, [id])
        await edit_letter(stores, declared, id, content.encode(errors="surrogatepass"), by=operator(by))
        if await is_running(stores, url):
            await _watch(stores, [letter], "retry", is_json=is_json)
        else:
            said = f"letter {id}: edited; the application retries it when it starts"
            print_outcome(RequestedLine(id, "retry", "requested"), said, is_json=is_json)


async def _ask_for(
    request: Request, app: "App", url: str, ids: list[int] | None, by: str, *, is_json: bool
) -> None:
    from actum.operations.letters.requests import find_dead_letters, find_letters
    from actum.operations.opening import is_running, open_beside
    from actum.operations.repairs.many import ask_for_letters

    async with open_beside(url) as stores:
        letters = await find_dead_letters(stores) if ids is None else await find_letters(stores, ids)
        if not letters:
            if not is_json:
                print_line("no letter is dead")
            return
        await ask_for_letters(stores, app, letters, request, by=by)
        if await is_running(stores, url):
            await _watch(stores, letters, request, is_json=is_json)
            return
    for letter in letters:
        said = f"letter {letter.id}: requested; the application does it when it starts ({request})"
        print_outcome(RequestedLine(letter.id, request, "requested"), said, is_json=is_json)


async def _watch(
    stores: "Stores", letters: "Sequence[LetterSummary]", request: Request, *, is_json: bool
) -> None:
    from actum.operations.letters.requests import watch_letters

    failed = 0
    async for outcome in watch_letters(stores, letters, patience=PATIENCE):
        said = f"letter {outcome.letter.id}: {_said(outcome, request)}"
        print_outcome(_requested(outcome, request), said, is_json=is_json)
        failed += outcome.status == "failed"
    if failed:
        raise CommandFailed(f"{failed} of {len(letters)} letters failed again: fix the cause, then retry")


def _requested(outcome: "LetterOutcome", request: Request) -> RequestedLine:
    if outcome.status == "gone":
        return RequestedLine(outcome.letter.id, request, "done" if request == "retry" else "skipped")
    if outcome.status == "failed":
        return RequestedLine(outcome.letter.id, request, "failed", outcome.error)
    return RequestedLine(outcome.letter.id, request, "pending")


def _said(outcome: "LetterOutcome", request: Request) -> str:
    if outcome.status == "gone":
        return DONE[request]
    if outcome.status == "failed":
        return f"failed again ({one_line(outcome.error)})"
    is_behind = outcome.letter.status == "waiting"
    return f"not yet; it {'waits behind an earlier one' if is_behind else 'is being worked on'} ({request})"


def _row(letter: "Letter") -> tuple[str, ...]:
    status = letter.status if letter.request is None else f"{letter.status}, to {letter.request}"
    failed = shown_time(letter.last_failed)
    error = one_line(letter.error)
    return str(letter.id), letter.action, letter.key, status, str(letter.attempts), failed, error
