"""The console in a browser: every page, in every state, at the width of a desktop and of a phone."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Route, expect

from tests.console.browser import IN_BROWSER, SIZES, Site, check, cut_names, opened_page, overlapping_labels

pytestmark = IN_BROWSER

STATES = {
    "map": "map",
    "views": "views",
    "view": "views/orders",
    "view-filtered": "views/orders?column=amount&operator=at+least&value=2&limit=2",
    "view-refused": "views/orders?column=amount&operator=is&value=much",
    "view-unknown": "views/offers",
    "sql": "views/-/sql?sql=SELECT+*+FROM+orders",
    "sql-refused": "views/-/sql?sql=DELETE+FROM+orders",
    "live": "live",
    "live-history": "live?after=0&limit=3",
    "live-refused": "live?type=Nothing",
    "store": "store",
    "lost": "nowhere",
}
EMPTY = {"map": "map", "views": "views", "sql": "views/-/sql", "live": "live", "store": "store"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The shop after five orders, of which one cannot be folded, and one fails in an action."""
    site = Site("tests.console.shop:app", tmp_path_factory.mktemp("shop") / "shop.db")
    for number, amount in enumerate((1, 2, 13, 7, 5)):
        site.order(f"o{number}", amount)
    yield site
    site.stop()


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An application that declares nothing."""
    site = Site("tests.console.shop:bare", tmp_path_factory.mktemp("bare") / "bare.db")
    yield site
    site.stop()


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An application of more than forty parts."""
    site = Site("tests.console.warehouse:app", tmp_path_factory.mktemp("warehouse") / "warehouse.db")
    yield site
    site.stop()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Site]:
    """A shop for one test, in which nothing has happened yet."""
    site = Site("tests.console.shop:app", tmp_path / "shop.db")
    yield site
    site.process.kill()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_every_page_can_be_read(browser: Browser, shop: Site, state: str, scheme: str, size: str) -> None:
    with opened_page(browser, size, color_scheme=scheme) as page:
        page.goto(shop.console(STATES[state]))
        if state == "map":
            expect(page.locator(".node.bad")).to_have_count(2)
        check(page, f"{state}-{size}-{scheme}")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", EMPTY)
def test_every_page_says_when_there_is_nothing(browser: Browser, bare: Site, state: str, size: str) -> None:
    with opened_page(browser, size) as page:
        page.goto(bare.console(EMPTY[state]))
        check(page, f"{state}-empty-{size}")


@pytest.mark.parametrize("size", SIZES)
def test_a_map_of_forty_parts_has_no_cut_name_and_labels_that_lie_free(
    browser: Browser, warehouse: Site, size: str
) -> None:
    with opened_page(browser, size) as page:
        page.goto(warehouse.console("map"))
        assert page.locator(".graph .node").count() > 40
        httpx.post(f"{warehouse.url}/parcels/p{size}", params={"amount": 3}).raise_for_status()
        expect(page.locator(".graph .label").first).to_be_visible()

        check(page, f"map-large-{size}")
        assert cut_names(page) == []
        assert overlapping_labels(page) == []


def test_a_stuck_view_is_found_from_the_map_with_one_click(browser: Browser, shop: Site) -> None:
    with opened_page(browser) as page:
        page.goto(shop.console("map"))
        page.get_by_role("link", name="view, stands still orders").click()

        expect(page.get_by_role("heading", name="Rows set aside")).to_be_visible()
        expect(page.get_by_text("no shelf holds 13").first).to_be_visible()


def test_a_change_shows_on_an_open_page(browser: Browser, own: Site) -> None:
    with opened_page(browser) as page:
        page.goto(own.console("views/orders"))
        expect(page.get_by_text("The view has no rows yet")).to_be_visible()
        own.order("o1", 2)
        expect(page.get_by_role("cell", name="o1", exact=True)).to_be_visible()

        own.order("o2", 3)
        expect(page.get_by_role("cell", name="o2", exact=True)).to_be_visible()
        own.order("o3", 13)
        expect(page.get_by_role("heading", name="Rows set aside")).to_be_visible()


def test_events_show_as_they_happen_and_wait_while_the_page_is_paused(browser: Browser, own: Site) -> None:
    with opened_page(browser) as page:
        page.goto(own.console("live"))
        expect(page.locator("#live-state")).to_have_text("live")
        own.order("first", 1)
        expect(page.get_by_role("link", name="Order/first")).to_be_visible()

        page.get_by_role("button", name="Pause").click()
        expect(page.locator("#live-state")).to_have_text("paused")
        own.order("second", 1)
        own.order("third", 1)
        page.get_by_role("button", name="Go on").click()

        expect(page.get_by_role("link", name="Order/third")).to_be_visible()
        shown = page.locator("#events tbody tr td:nth-child(4) a").all_text_contents()
        assert shown == ["Order/third", "Order/second", "Order/first"]


def test_events_show_again_after_an_answer_that_is_no_stream(browser: Browser, own: Site) -> None:
    """As that of the development server, while a change of the code cannot be loaded."""
    refusals = iter([503, 503])

    def answer(route: Route) -> None:
        status = next(refusals, None)
        if status is None:
            route.continue_()
        else:
            route.fulfill(status=status, body="shop:app cannot be loaded")

    with opened_page(browser) as page:
        page.route("**/live/stream*", answer)
        page.goto(own.console("live"))
        expect(page.locator("#live-state")).to_have_text("connecting again")
        expect(page.locator("#live-state")).to_have_text("live", timeout=15_000)

        own.order("first", 1)
        expect(page.get_by_role("link", name="Order/first")).to_be_visible()


def test_a_view_is_rebuilt_by_a_form_that_asks_first(browser: Browser, own: Site) -> None:
    own.order("o1", 2)
    asked: list[str] = []
    with opened_page(browser) as page:
        page.goto(own.console("views/orders"))
        page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
        page.get_by_role("button", name="Rebuild from all events").click()
        page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
        page.get_by_role("button", name="Rebuild from all events").click()

        expect(page.get_by_text("View orders is being rebuilt.")).to_be_visible()
        generation = page.locator(".card", has_text="generation").locator(".figure").last
        expect(generation).to_have_text("2")
    assert len(asked) == 2
    assert "Rebuild orders from all 1 events?" in asked[0]


def test_pages_and_forms_work_without_scripts(browser: Browser, own: Site) -> None:
    own.order("o1", 2)
    with opened_page(browser, java_script_enabled=False) as page:
        page.goto(own.console("map"))
        page.get_by_role("link", name="view orders").click()
        page.get_by_role("button", name="Rebuild from all events").click()
        expect(page.get_by_text("View orders is being rebuilt.")).to_be_visible()
        page.get_by_role("link", name="Ask with SQL").click()
        expect(page.get_by_role("cell", name="o1", exact=True)).to_be_visible()


def test_the_console_is_used_with_the_keyboard_alone(browser: Browser, shop: Site) -> None:
    with opened_page(browser) as page:
        page.goto(shop.console("map"))
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        stuck = page.locator("a", has=page.locator(".node.bad.view"))
        for _ in range(60):
            if stuck.evaluate("one => one === document.activeElement"):
                break
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")

        expect(page.get_by_role("heading", name="orders", exact=True)).to_be_visible()


def test_colours_are_chosen_and_kept(browser: Browser, shop: Site) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with opened_page(browser, color_scheme="light") as page:
        page.goto(shop.console("views"))
        light = page.evaluate(ground)
        switch = page.locator("#theme")
        switch.click()
        expect(switch).to_have_text("Colours: light")
        switch.click()
        expect(switch).to_have_text("Colours: dark")
        dark = page.evaluate(ground)
        page.goto(shop.console("store"))

        assert page.evaluate(ground) == dark
        assert dark != light


def test_an_open_page_says_when_the_application_no_longer_answers(browser: Browser, own: Site) -> None:
    for size in SIZES:
        with opened_page(browser, size) as page:
            page.goto(own.console("views"))
            if size == "phone":
                own.process.kill()
                expect(page.locator("#stale")).to_contain_text("This page is not up to date since")
                check(page, "stale-phone")


def test_an_application_stops_while_somebody_watches_its_events(browser: Browser, own: Site) -> None:
    with opened_page(browser) as page:
        page.goto(own.console("live"))
        expect(page.locator("#live-state")).to_have_text("live")

        assert own.process.stop() == 0
        assert not any("graceful" in line or "in progress" in line for line in own.process.err.rest())
