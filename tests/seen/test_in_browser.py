"""A lost server as it is seen in a browser: the open map stays, turns red, and is well again by itself."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.cli.commands import Process
from tests.console.browser import IN_BROWSER, SIZES, check, opened_browser, opened_page
from tests.seen.sites import OwnPostgres, own_postgres

pytestmark = IN_BROWSER
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of this module."""
    with opened_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def server() -> Iterator[OwnPostgres]:
    """A PostgreSQL server of these tests, which they stop."""
    with own_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def console(server: OwnPostgres) -> Iterator[str]:
    """The address of the console of a bank, which a process of its own serves in development."""
    store = ("--store", server.url)
    process = Process(ROOT, "run", "tests.seen.bank:app", "--development", "--port", "0", *store)
    yield f"{process.url}/-/console"
    process.stop()
    process.kill()


@pytest.mark.parametrize("size", SIZES)
def test_an_open_map_shows_that_a_server_hangs_and_that_it_is_back(
    browser: Browser, console: str, server: OwnPostgres, size: str
) -> None:
    with opened_page(browser, size) as page:
        page.goto(f"{console}/map")
        expect(page.get_by_text("everything is up to date")).to_be_visible()
        server.pause()
        try:
            for name in ("journal", "database"):
                line = page.locator(".standing li", has_text=f"store {name}")
                expect(line.locator(".state.bad")).to_have_text("does not answer")
            expect(page.get_by_text("Figures are missing")).to_be_visible()
            expect(page.locator("svg.graph").get_by_text("balances")).to_be_visible()
            check(page, f"map-lost-{size}")
        finally:
            server.resume()
        expect(page.get_by_text("everything is up to date")).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
def test_a_page_that_needs_the_store_says_so_and_comes_by_itself(
    browser: Browser, console: str, server: OwnPostgres, size: str
) -> None:
    with opened_page(browser, size) as page:
        server.pause()
        try:
            page.goto(f"{console}/views")
            expect(page.get_by_role("heading", name="The store does not answer")).to_be_visible()
            assert httpx.get(f"{console}/views", timeout=30).status_code == 503
            check(page, f"views-lost-{size}")
        finally:
            server.resume()
        expect(page.get_by_role("heading", name="Views")).to_be_visible()
        expect(page.get_by_role("link", name="balances")).to_be_visible()
