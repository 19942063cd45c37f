"""The shop, served in development on a store in memory."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from tests.console.browser import opened_browser
from tests.console.opening import console_of, eventually
from tests.console.shop import app


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of one module."""
    with opened_browser() as browser:
        yield browser


@pytest.fixture
async def console() -> AsyncIterator[httpx.AsyncClient]:
    """A client of the shop's console, in which nothing has happened yet."""
    async with console_of(app) as client:
        yield client


@pytest.fixture
async def busy(console: httpx.AsyncClient) -> httpx.AsyncClient:
    """The same, after five orders: one cannot be folded into a view, and one fails in an action."""
    for number, amount in enumerate((1, 2, 13, 7, 5)):
        answer = await console.post(f"/orders/o{number}", params={"customer": "ann", "amount": amount})
        assert answer.status_code < 300, answer.text
    await eventually(
        lambda: console.get("/-/console/map"), lambda text: "dead letter" in text and "set aside" in text
    )
    return console
