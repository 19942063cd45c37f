"""The command that lists actions."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import typer
from msgspec import Struct

from actum.cli.default_command import ListByDefault
from actum.cli.failure import one_line
from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, DatabaseUrl, StoreUrl
from actum.cli.output import print_json, print_table, shown_time
from actum.model.event import to_datetime

if TYPE_CHECKING:
    from actum.app import App
    from actum.operations.work.actions import Count, WorkingAction

HEADINGS = ("action", "set off by", "left", "oldest", "retrying", "dead", "waiting", "next try", "status")

actions: typer.Typer = typer.Typer(
    cls=ListByDefault,
    no_args_is_help=True,
    help="Lists actions: what sets each off, what it has left to do, and what stands still.",
)


class ActionLine(Struct, frozen=True):
    """An action as `--json` prints it.

    `left` is null where nothing is counted: for timers and the clock, and for an action that has never run.
    `oldest` is the time of the first event or message that is left. `error` and `attempts` are of the letter
    that failed first. It stands still if something of it waits for an operator.
    """

    action: str
    set_off_by: str
    left: "Count | None"
    oldest: datetime | None
    retrying: "Count"
    dead: "Count"
    waiting: "Count"
    next_try: datetime | None
    stands_still: bool
    error: str
    attempts: int

    @classmethod
    def of(cls, action: "WorkingAction") -> "ActionLine":
        """Gives the line of an action."""
        return cls(
            action.name,
            action.set_off_by,
            action.left,
            _time(action.oldest),
            action.retrying,
            action.dead,
            action.waiting,
            _time(action.next_try),
            action.stands_still,
            action.why,
            action.attempts,
        )


@actions.callback()
def _group() -> None:
    """Lists actions: what sets each off, what it has left to do, and what stands still."""


@actions.command("list")
def list_(
    app: AppName, is_json: AsJson = False, store: StoreUrl = None, database: DatabaseUrl = None
) -> None:
    """Lists actions that work in the background: what each has left to do, and what stands still.

    What is left is counted from what is stored, so a running application may be a little further. Letters
    are what failed: `retrying`, `dead` once its attempts are used up, and `waiting` behind one of these. An
    action stands still, for some of its keys, while it has dead letters: `actum dead-letters list` shows
    them.
    """
    loaded = load_app(app)
    found = asyncio.run(_list(loaded, loaded.store_url(store, database)))
    if is_json:
        for action in found:
            print_json(ActionLine.of(action))
    else:
        print_table(HEADINGS, [_row(action) for action in found])


async def _list(app: "App", url: str) -> "Sequence[WorkingAction]":
    from actum.operations.opening import open_beside
    from actum.operations.work.actions import list_actions

    async with open_beside(url) as stores:
        return await list_actions(stores, app)


def _row(action: "WorkingAction") -> tuple[str, ...]:
    return (
        action.name,
        action.set_off_by,
        "" if action.left is None else str(action.left),
        shown_time(action.oldest or 0),
        str(action.retrying),
        str(action.dead),
        str(action.waiting),
        shown_time(action.next_try or 0),
        _status(action),
    )


def _status(action: "WorkingAction") -> str:
    if action.stands_still:
        return f"stands still for some keys: {one_line(action.why)}"
    return f"retries: {one_line(action.why)}" if action.retrying else ""


def _time(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else to_datetime(microseconds)
