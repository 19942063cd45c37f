"""An application's stores of each kind, with the application of the test's module running on them."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from actum.app import definition_of
from actum.launch import run
from actum.runtime.node import Node
from actum.stores.open import Stores
from tests.servers.stores import store_of


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a store in which nothing has happened yet."""
    return "memory:" if request.param == "memory" else store_of(request, tmp_path)


@pytest.fixture
async def node(request: pytest.FixtureRequest, url: str) -> AsyncGenerator[Node]:
    """The application that the test's module calls `app`."""
    async with run(definition_of(request.module.app), store=url) as node:
        yield node


@pytest.fixture
def stores(node: Node) -> Stores:
    """The stores of the running application, as operations take them."""
    return Stores(node.services.journal, node.services.database)
