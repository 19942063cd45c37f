"""The command that deletes kept replies, which otherwise stay as long as their entity."""

import asyncio
import re
from datetime import timedelta
from typing import Annotated

import typer
from msgspec import Struct

from actum.cli.failure import CommandFailed
from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, DatabaseUrl, StoreUrl
from actum.cli.output import print_outcome
from actum.cli.progress import waiting
from actum.operations.opening import open_beside
from actum.operations.replies import forget_replies

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
AGE = re.compile(r"(\d{1,5})([mhdw])")

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
    older_than: Annotated[
        str, typer.Option(metavar="AGE", help="The age, as in 30d, 12h, 90m or 4w.", show_default=False)
    ],
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Deletes the replies of idempotency keys that are older than an age.

    A request that is repeated with such a key takes effect again: choose an age after which no client, queue
    or action repeats a request. The application may be running.
    """
    age = _age(older_than)
    url = load_app(app).store_url(store, database)
    with waiting("deleting replies"):
        count = asyncio.run(_forget(url, age))
    print_outcome(ForgottenReplies(count), f"replies deleted: {count:,}", is_json=is_json)


def _age(text: str) -> timedelta:
    found = AGE.fullmatch(text)
    if found is None or not int(found[1]):
        raise CommandFailed(f"--older-than {text}: write an age, as in 30d, 12h, 90m or 4w")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


async def _forget(url: str, age: timedelta) -> int:
    async with open_beside(url) as stores:
        return await forget_replies(stores, age)
