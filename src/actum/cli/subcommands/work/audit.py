"""The commands that list what operators did, and delete what is old of that."""

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Raw, Struct

from actum.cli.ages import OlderThan, age_of
from actum.cli.default_command import ListByDefault
from actum.cli.failure import one_line
from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, By, DatabaseUrl, StoreUrl, operator
from actum.cli.output import print_json, print_outcome, print_table, shown_time
from actum.model.event import to_datetime
from actum.operations.page import MAX_PAGE, PAGE

if TYPE_CHECKING:
    from actum.operations.repairs.audit import RecordedAct, State

HEADINGS = ("time", "who", "what", "of", "outcome", "error")
NONE = Raw(b"null")


class ActLine(Struct, frozen=True):
    """What an operator did, as `--json` prints it; `before` and `after` are of what was edited."""

    id: str
    time: datetime
    by: str
    action: str
    target: str
    facts: dict[str, str]
    state: "State"
    error: str
    before: Raw
    after: Raw

    @classmethod
    def of(cls, one: "RecordedAct") -> "ActLine":
        """Gives the line of an act."""
        act = one.act
        return cls(
            one.id,
            to_datetime(one.time),
            one.by,
            act.action,
            act.target,
            act.facts,
            one.state,
            one.error,
            act.before if bytes(act.before) else NONE,
            act.after if bytes(act.after) else NONE,
        )


class DeletedActs(Struct, frozen=True):
    """How many acts were deleted, as `--json` prints it."""

    deleted: int


audit: typer.Typer = typer.Typer(
    cls=ListByDefault,
    no_args_is_help=True,
    help="Lists what operators did: who, when, to what, and how it ended; the newest first.",
)


@audit.command("list")
def list_(
    app: AppName,
    limit: Annotated[int, typer.Option(min=1, max=MAX_PAGE, help="At most this many.")] = PAGE,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Lists what operators did: who, when, to what, and how it ended; the newest first.

    What was begun and has no outcome was interrupted, or is under way. With --json, what was edited is shown
    as it was before, and after.
    """
    found = asyncio.run(_list(load_app(app).store_url(store, database), limit))
    if is_json:
        for one in found:
            print_json(ActLine.of(one))
    else:
        print_table(HEADINGS, [_row(one) for one in found])


@audit.command()
def forget(
    app: AppName,
    older_than: OlderThan,
    by: By = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Deletes what operators did longer ago than an age; that it was deleted is recorded.

    What was begun and has no outcome stays. The application may be running.
    """
    age = age_of(older_than)
    count = asyncio.run(_forget(load_app(app).store_url(store, database), age, operator(by)))
    print_outcome(DeletedActs(count), f"acts deleted: {count:,}", is_json=is_json)


async def _forget(url: str, age: timedelta, by: str) -> int:
    from actum.operations.opening import open_beside
    from actum.operations.repairs.audit import forget_acts

    async with open_beside(url) as stores:
        return await forget_acts(stores.database, age, by)


async def _list(url: str, limit: int) -> "list[RecordedAct]":
    from actum.operations.opening import open_beside
    from actum.operations.repairs.audit import list_acts

    async with open_beside(url) as stores:
        return (await list_acts(stores.database, limit=limit)).acts


def _row(one: "RecordedAct") -> tuple[str, ...]:
    error = one_line(one.error)
    return shown_time(one.time), one.by, one.act.action, one.act.target, one.state, error
