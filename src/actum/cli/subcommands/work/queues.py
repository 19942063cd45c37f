"""The command that lists queues."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import typer
from msgspec import Struct

from actum.cli.default_command import ListByDefault
from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, DatabaseUrl, StoreUrl
from actum.cli.output import print_json, print_table, shown_time
from actum.model.event import to_datetime

if TYPE_CHECKING:
    from actum.app import App
    from actum.operations.work.actions import Count
    from actum.operations.work.queues import ShownQueue

HEADINGS = ("queue", "messages", "oldest", "retrying", "dead", "taken by")
NOBODY = "(no action of this application)"

queues: typer.Typer = typer.Typer(
    cls=ListByDefault,
    no_args_is_help=True,
    help="Lists queues: how many messages each holds, and how old the oldest is.",
)


class QueueLine(Struct, frozen=True):
    """A queue as `--json` prints it; `action` takes its messages, and is null if no action here does."""

    queue: str
    messages: int
    oldest: datetime | None
    retrying: "Count"
    dead: "Count"
    action: str | None

    @classmethod
    def of(cls, queue: "ShownQueue") -> "QueueLine":
        """Gives the line of a queue."""
        oldest = None if queue.oldest is None else to_datetime(queue.oldest)
        return cls(queue.name, queue.messages, oldest, queue.retrying, queue.dead, queue.action or None)


@queues.callback()
def _group() -> None:
    """Lists queues: how many messages each holds, and how old the oldest is."""


@queues.command("list")
def list_(
    app: AppName, is_json: AsJson = False, store: StoreUrl = None, database: DatabaseUrl = None
) -> None:
    """Lists queues: how many messages each holds, when the oldest was sent, and what failed of them.

    Those are listed that an action of the application takes from, and any other that holds messages. What
    failed is no longer in the queue: `actum dead-letters list` shows it.
    """
    loaded = load_app(app)
    found = asyncio.run(_list(loaded, loaded.store_url(store, database)))
    if is_json:
        for queue in found:
            print_json(QueueLine.of(queue))
    else:
        print_table(HEADINGS, [_row(queue) for queue in found])


async def _list(app: "App", url: str) -> "Sequence[ShownQueue]":
    from actum.operations.opening import open_beside
    from actum.operations.work.queues import list_queues

    async with open_beside(url) as stores:
        return await list_queues(stores, app)


def _row(queue: "ShownQueue") -> tuple[str, ...]:
    oldest = shown_time(queue.oldest or 0)
    action = queue.action or NOBODY
    return queue.name, f"{queue.messages:,}", oldest, str(queue.retrying), str(queue.dead), action
