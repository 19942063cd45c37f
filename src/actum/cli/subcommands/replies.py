"""The command that deletes kept replies, which otherwise stay as long as their entity."""

import asyncio
from datetime import timedelta

import typer
from msgspec import Struct

from actum.cli.ages import OlderThan, age_of
from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, DatabaseUrl, StoreUrl
from actum.cli.output import print_outcome

replies: typer.Typer = typer.Typer(no_args_is_help=True, help="Deletes the kept replies of idempotency keys.")


class ForgottenReplies(Struct, frozen=True):
    """How many replies were deleted, as `--json` prints it."""

    deleted: int


@replies.callback()
def _group() -> None:
    """Deletes the kept replies of idempotency keys."""


@replies.command()
def forget(
    app: AppName,
    older_than: OlderThan,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Deletes the replies of idempotency keys that are older than an age.

    A request that is repeated with such a key takes effect again: choose an age after which no client, queue
    or action repeats a request. The application may be running.
    """
    from actum.cli.progress import waiting

    age = age_of(older_than)
    url = load_app(app).store_url(store, database)
    with waiting("deleting replies"):
        count = asyncio.run(_forget(url, age))
    print_outcome(ForgottenReplies(count), f"replies deleted: {count:,}", is_json=is_json)


async def _forget(url: str, age: timedelta) -> int:
    from actum.operations.opening import open_beside
    from actum.operations.replies import forget_replies

    async with open_beside(url) as stores:
        return await forget_replies(stores, age)
