"""The command that deletes kept replies, which otherwise stay as long as their entity."""

import asyncio
from datetime import timedelta

import typer

from actum.cli.ages import OlderThan, age_of
from actum.cli.loading import load_app
from actum.cli.options import AppName, DatabaseUrl, StoreUrl
from actum.cli.output import print_line
from actum.operations.opening import open_beside
from actum.operations.replies import forget_replies

replies: typer.Typer = typer.Typer(no_args_is_help=True, help="Deletes the kept replies of idempotency keys.")


@replies.callback()
def _group() -> None:
    """Deletes the kept replies of idempotency keys."""


@replies.command()
def forget(
    app: AppName,
    older_than: OlderThan,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Deletes the replies of idempotency keys that are older than an age.

    A request that is repeated with such a key takes effect again: choose an age after which no client, queue
    or action repeats a request. The application may be running.
    """
    age = age_of(older_than)
    url = load_app(app).store_url(store, database)
    count = asyncio.run(_forget(url, age))
    print_line(f"replies deleted: {count:,}")


async def _forget(url: str, age: timedelta) -> int:
    async with open_beside(url) as stores:
        return await forget_replies(stores, age)
