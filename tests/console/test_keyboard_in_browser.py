"""The console by keyboard alone: the ways of an operator at night, with a focus that can be seen."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.console.browser import IN_BROWSER, SIZES, Site, opened_page
from tests.console.test_repairing_in_browser import post, until_letters

pytestmark = IN_BROWSER

MAX_STOPS = 80
PAGES = (
    *("map", "entities?kind=Account", "entities/one?kind=Account&id=a", "trace", "trace?id=first", "views"),
    *("views/balances", "views/-/sql", "work", "work/letters", "work/letter?id=1", "work/timers"),
    *("work/workflows", "work/audit", "live", "store"),
)
FOCUS = """() => {
    const one = document.activeElement;
    if (one === document.body) return null;
    const box = one.getBoundingClientRect(), style = getComputedStyle(one);
    const node = one.querySelector(".node");
    const isSeen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
        || (node && parseFloat(getComputedStyle(node).strokeWidth) >= 3);
    const isThere = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    return [one.outerHTML.slice(0, 90), isSeen, isThere && box.width > 0];
}"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A desk where a receipt has failed."""
    site = Site("tests.console.desk:app", tmp_path_factory.mktemp("desk") / "desk.db")
    post(site, "/accounts/a/deposits?amount=150", "first")
    post(site, "/accounts/a/later?amount=5", "first")
    until_letters(site, 1)
    yield site
    site.stop()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Site]:
    """A desk for one test, where a receipt has failed."""
    site = Site("tests.console.desk:app", tmp_path / "desk.db")
    post(site, "/accounts/a/deposits?amount=150", "first")
    until_letters(site, 1)
    yield site
    site.process.kill()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Site]:
    """A shop with an order that cannot be folded into its view."""
    site = Site("tests.console.shop:app", tmp_path / "shop.db")
    site.order("o1", 13)
    yield site
    site.process.kill()


def go_to(page: Page, wanted: Locator) -> None:
    """Presses Tab until something has the focus, which is seen there."""
    expect(wanted).to_be_visible()
    for _ in range(MAX_STOPS):
        page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            break
    found = page.evaluate(FOCUS)
    assert found is not None
    assert found[1:] == [True, True], found
    expect(wanted).to_be_focused()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", PAGES)
def test_whatever_has_the_focus_is_seen(browser: Browser, desk: Site, path: str, size: str) -> None:
    with opened_page(browser, size) as page:
        page.goto(desk.console(path))
        stops = []
        for _ in range(MAX_STOPS):
            page.keyboard.press("Tab")
            found = page.evaluate(FOCUS)
            if found is None:
                break
            stops.append(found)

        assert len(stops) > 9
        assert [one for one in stops if not (one[1] and one[2])] == []


def test_a_stuck_view_is_found_and_retried(browser: Browser, shop: Site) -> None:
    with opened_page(browser) as page:
        page.goto(shop.console("map"))
        go_to(page, page.locator(".standing").get_by_role("link", name="orders"))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Rows set aside")).to_be_visible()
        go_to(page, page.get_by_role("button", name="Retry row o1"))
        page.keyboard.press("Enter")

        expect(page.get_by_text("1 row of orders will be retried.")).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
def test_a_letter_is_edited_after_a_refusal_and_retried(browser: Browser, own: Site, size: str) -> None:
    with opened_page(browser, size) as page:
        page.goto(own.console("map"))
        go_to(page, page.locator(".standing").get_by_role("link", name="print_receipt@queue:receipts"))
        page.keyboard.press("Enter")
        go_to(page, page.get_by_role("link", name="1", exact=True))
        page.keyboard.press("Enter")
        go_to(page, page.get_by_label("message, as JSON"))
        page.keyboard.press("Control+A")
        page.keyboard.type('{"account": "a"}')
        go_to(page, page.get_by_role("button", name="Save and retry"))
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_in_viewport()
        go_to(page, page.get_by_label("message, as JSON"))
        page.keyboard.press("Control+A")
        page.keyboard.type('{"account": "a", "amount": 60}')
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")

        expect(page.get_by_text("Letter 1 is edited, and is retried.")).to_be_visible()


def test_the_focus_stays_where_it_is_while_a_page_keeps_itself_up_to_date(
    browser: Browser, own: Site
) -> None:
    with opened_page(browser) as page:
        page.goto(own.console("map"))
        stuck = page.locator(".standing a")
        go_to(page, stuck)
        for _ in range(3):
            with page.expect_response(lambda answer: "actum-refresh" in answer.request.headers):
                pass

        expect(stuck).to_be_focused()
