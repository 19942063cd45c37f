"""The console of applications at the edges: very long names and deep values, sixty entities, and one."""

import time
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.console.browser import IN_BROWSER, SIZES, Site, check, cut_names, opened_page, overlapping_labels
from tests.console.extremes import KINDS

pytestmark = IN_BROWSER

ID = "i" * 100 + "ä中🙂" * 10 + "-" + "x" * 69
CORRELATION = "c" * 120
TEXT = "stop-" + "long" * 60
ENTITY = f"kind=Notebook&id={quote(ID)}"
WORKFLOW = f"kind=AWorkflowWithANameThatIsLongerThanTheNameOfAWorkflowShouldEverBe&id={quote(ID)}"
VIEW = "notes_of_all_notebooks_since_the_first"
STATES = {
    "map": "map",
    "entities": f"entities?{ENTITY}",
    "entity": f"entities/one?{ENTITY}",
    "traces": "trace",
    "trace": f"trace?id={CORRELATION}",
    "views": "views",
    "view": f"views/{VIEW}",
    "sql": f"views/-/sql?sql=SELECT+*+FROM+{VIEW}",
    "work": "work",
    "letters": "work/letters",
    "letter": "work/letter?id=1",
    "timers": "work/timers",
    "workflows": "work/workflows",
    "workflow": f"work/workflow?{WORKFLOW}",
    "queue": "work/queue?name=a-queue-with-a-name-as-long-as-queues-have-in-companies-of-a-certain-size",
    "live": "live",
    "store": "store",
}
ALONE = ("map", "entities", "trace", "views", "views/-/sql", "work", "live", "store")


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An application whose names and values are as long as they may be; everything in it fails."""
    site = Site("tests.console.extremes:app", tmp_path_factory.mktemp("long") / "long.db")
    headers = {"X-Correlation-ID": CORRELATION}
    address = f"{site.url}/notebooks/{quote(ID, safe='')}"
    httpx.post(address, params={"text": TEXT}, headers=headers).raise_for_status()
    end = time.monotonic() + 30
    while not all(word in httpx.get(site.console("work")).text for word in ("dead letter", "1 dead")):
        assert time.monotonic() < end
        time.sleep(0.05)
    yield site
    site.stop()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An application of sixty entities, without a view."""
    site = Site("tests.console.extremes:many", tmp_path_factory.mktemp("many") / "many.db")
    yield site
    site.stop()


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An application of one entity."""
    site = Site("tests.console.extremes:lone", tmp_path_factory.mktemp("lone") / "lone.db")
    yield site
    site.stop()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", STATES)
def test_nothing_long_leaves_its_place(browser: Browser, long: Site, state: str, size: str) -> None:
    with opened_page(browser, size, color_scheme="dark") as page:
        page.goto(long.console(STATES[state]))
        check(page, f"long-{state}-{size}")
        if state == "map":
            assert cut_names(page) == []
            assert overlapping_labels(page) == []


def test_a_long_value_takes_no_more_lines_than_it_needs(browser: Browser, long: Site) -> None:
    with opened_page(browser) as page:
        page.goto(long.console(STATES["entity"]))
        widths = page.locator("dl.facts dd").evaluate_all("all => all.map((one) => one.clientWidth)")

        assert min(widths) > 250


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", ALONE)
def test_an_entity_alone_has_pages_that_say_what_is_missing(
    browser: Browser, lone: Site, path: str, size: str
) -> None:
    with opened_page(browser, size) as page:
        page.goto(lone.console(path))
        check(page, f"lone-{path.replace('/', '-')}-{size}")


@pytest.mark.parametrize("size", SIZES)
def test_a_map_of_many_parts_is_narrowed_down_to_one(browser: Browser, many: Site, size: str) -> None:
    with opened_page(browser, size) as page:
        page.goto(many.console("map"))
        expect(page.locator(".graph .node.entity")).to_have_count(KINDS)
        check(page, f"map-many-{size}")
        page.get_by_label("show").select_option("Kind41")
        page.get_by_role("button", name="Show", exact=True).click()

        expect(page.locator(".graph .node")).to_have_count(3)
        check(page, f"map-narrowed-{size}")
        page.get_by_label("show").select_option("what stands still or lags")
        page.get_by_role("button", name="Show", exact=True).click()
        expect(page.get_by_text("Nothing on the map stands still or lags.")).to_be_visible()
        page.get_by_role("link", name="Show all").first.click()
        expect(page.locator(".graph .node.entity")).to_have_count(KINDS)
