"""An empty store of the kind that is a test's parameter."""

import asyncio
import uuid
from pathlib import Path

import pytest

from actum.stores.url import join
from tests.servers.dynamodb import made, url_of


def store_of(request: pytest.FixtureRequest, folder: Path) -> str:
    """Gives the URL of an empty store: "sqlite", "postgres" or "dynamodb", with a database in the folder."""
    match request.param:
        case "postgres":
            return str(request.getfixturevalue("postgres_store"))
        case "dynamodb":
            table = url_of(request.getfixturevalue("dynamodb"), f"t-{uuid.uuid4().hex}")
            asyncio.run(_make(table))
            return join(table, f"sqlite:///{folder}/store.db")
        case _:
            return f"sqlite:///{folder}/store.db"


async def _make(table: str) -> None:
    await (await made(table)).close()
