"""The pages Entities, Trace and Work in a browser, at the width of a desktop and of a phone."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.browser import IN_BROWSER, SIZES, Site, check, opened_page

pytestmark = IN_BROWSER

LONG = "an-account-with-an-id-that-is-as-long-as-some-ids-are-and-has-no-place-to-break-it-1234567890"
STATES = {
    "entities": "entities",
    "entities-found": "entities?kind=Account&id=a",
    "entities-none": "entities?kind=Account&id=zebra",
    "entity": "entities/one?kind=Account&id=a",
    "entity-earlier": "entities/one?kind=Account&id=a&version=2",
    "entity-long": f"entities/one?kind=Account&id={LONG}",
    "entity-new": "entities/one?kind=Account&id=new",
    "entity-lost": "entities/one?kind=Account&id=a&version=999",
    "traces": "trace",
    "trace": "trace?id=first",
    "trace-failed": "trace?id=failing",
    "trace-none": "trace?id=unknown",
    "work": "work",
    "letters": "work/letters",
    "letters-none": "work/letters?status=waiting",
    "letter-event": "work/letter?id=1",
    "letter-message": "work/letter?id=2",
    "timers": "work/timers",
    "workflows": "work/workflows",
    "workflow": "work/workflow?kind=Closing&id=a",
    "queue": "work/queue?name=receipts",
    "audit": "work/audit",
}
EMPTY = {
    "entities": "entities",
    "traces": "trace",
    "work": "work",
    "letters": "work/letters",
    "timers": "work/timers",
    "workflows": "work/workflows",
    "audit": "work/audit",
}


def fill(site: Site) -> None:
    """Has a desk do something of everything: what works, what fails, what waits."""
    post(site, "/accounts/b/deposits?amount=13", "failing")
    until_letters(site, 1)
    for amount in (50, 40, 30, 150):
        post(site, f"/accounts/a/deposits?amount={amount}", "first" if amount == 50 else "later")
    until_letters(site, 2)
    post(site, f"/accounts/{LONG}/deposits?amount=1000000", "long")
    post(site, "/accounts/a/closing?amount=600", "failing")
    post(site, "/accounts/c/closing?amount=60", "closing")
    post(site, "/accounts/a/later?amount=5", "later")


def post(site: Site, path: str, correlation_id: str) -> None:
    """Makes a request to the desk."""
    httpx.post(f"{site.url}{path}", headers={"X-Correlation-ID": correlation_id}).raise_for_status()


def until_letters(site: Site, count: int) -> None:
    """Waits until there are so many letters."""
    end = time.monotonic() + 30
    while httpx.get(site.console("work/letters")).text.count('name="letter-') < count:
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A desk to look at."""
    site = Site("tests.console.desk:app", tmp_path_factory.mktemp("desk") / "desk.db")
    fill(site)
    yield site
    site.stop()


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An application that declares nothing."""
    site = Site("tests.console.desk:empty", tmp_path_factory.mktemp("empty") / "empty.db")
    yield site
    site.stop()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Site]:
    """A desk for one test."""
    site = Site("tests.console.desk:app", tmp_path / "desk.db")
    yield site
    site.process.kill()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_every_page_can_be_read(browser: Browser, desk: Site, state: str, scheme: str, size: str) -> None:
    with opened_page(browser, size, color_scheme=scheme) as page:
        page.goto(desk.console(STATES[state]))
        check(page, f"{state}-{size}-{scheme}")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", EMPTY)
def test_every_page_says_when_there_is_nothing(browser: Browser, bare: Site, state: str, size: str) -> None:
    with opened_page(browser, size) as page:
        page.goto(bare.console(EMPTY[state]))
        check(page, f"{state}-empty-{size}")


@pytest.mark.parametrize("size", SIZES)
def test_the_page_before_the_console_lists_routes(browser: Browser, desk: Site, size: str) -> None:
    with opened_page(browser, size, color_scheme="dark") as page:
        page.goto(desk.url)
        expect(page.get_by_text("/accounts/{id:str}/closing")).to_be_visible()
        check(page, f"welcome-{size}")


@pytest.mark.parametrize("size", SIZES)
def test_a_command_that_is_refused_says_why_where_it_was_sent(
    browser: Browser, desk: Site, size: str
) -> None:
    with opened_page(browser, size) as page:
        page.goto(desk.console("entities/one?kind=Account&id=a"))
        open_form(page, "deposit")
        page.get_by_label("amount", exact=True).first.fill("-5")
        page.get_by_role("button", name="Send deposit").click()

        expect(page.get_by_role("alert")).to_contain_text("put in more than nothing")
        expect(page.get_by_role("alert")).to_be_in_viewport()
        check(page, f"command-refused-{size}")
        page.get_by_role("button", name="Imagine after").click()
        expect(page.get_by_role("alert")).to_contain_text("amount")
        expect(page.get_by_role("alert")).to_be_in_viewport()
        check(page, f"what-if-refused-{size}")


@pytest.mark.parametrize("size", SIZES)
def test_a_letter_is_edited_and_retried(browser: Browser, own: Site, size: str) -> None:
    post(own, "/accounts/a/deposits?amount=150", "first")
    until_letters(own, 1)
    with opened_page(browser, size) as page:
        page.goto(own.console("work"))
        page.get_by_role("link", name="1 dead").click()
        page.get_by_role("link", name="1", exact=True).click()
        expect(page.get_by_text("the printer has no room for 150").first).to_be_visible()
        message = page.get_by_label("message, as JSON")
        message.fill('{"account": "a"}')
        page.get_by_role("button", name="Save and retry").click()
        expect(page.get_by_role("alert")).to_contain_text("missing required field `amount`")
        check(page, f"letter-refused-{size}")

        page.get_by_label("message, as JSON").fill('{"account": "a", "amount": 60}')
        page.get_by_role("button", name="Save and retry").click()

        expect(page.get_by_role("status").first).to_be_attached()
        expect(page.get_by_text("There are no letters")).to_be_visible()
        page.goto(own.console("entities/one?kind=Account&id=a"))
        expect(page.get_by_text("[60]").first).to_be_visible()
        page.goto(own.console("work/audit"))
        page.locator("tbody a").first.click()
        expect(page.get_by_text('"amount": 150')).to_be_visible()
        check(page, f"act-{size}")


def test_letters_are_chosen_and_retried_together(browser: Browser, own: Site) -> None:
    for id in "abc":
        post(own, f"/accounts/{id}/deposits?amount=150", id)
    until_letters(own, 3)
    with opened_page(browser) as page:
        page.goto(own.console("work/letters"))
        page.get_by_label("Choose all on this page").check()
        page.get_by_label("Choose letter 2").uncheck()
        with page.expect_response(lambda answer: "actum-refresh" in answer.request.headers):
            pass  # What is chosen stays chosen while the page keeps itself up to date.
        with page.expect_response(lambda answer: "actum-refresh" in answer.request.headers):
            pass
        page.get_by_role("button", name="Retry chosen").click()
        expect(page.get_by_text("2 letters are to be retried.")).to_be_visible()

        page.get_by_label("Choose letter 2").check()
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Skip chosen").click()
        expect(page.get_by_role("row", name="Choose letter 2")).to_have_count(0)
        expect(page.get_by_role("row", name="Choose letter 3")).to_have_count(1)


def test_the_slider_goes_through_versions_by_keyboard(browser: Browser, desk: Site) -> None:
    with opened_page(browser) as page:
        page.goto(desk.console("entities/one?kind=Account&id=a"))
        newest = int(page.locator("#version").input_value())
        page.locator("#version").focus()
        page.keyboard.press("Home")
        expect(page.get_by_role("heading", name=f"State at version 1 of {newest}")).to_be_visible()
        expect(page.locator("#history li")).to_have_count(1)
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("heading", name=f"State at version 2 of {newest}")).to_be_visible()
        expect(page.locator("#version")).to_be_focused()
        assert "version=2" in page.url
        expect(page.get_by_role("button", name="Imagine after version 2")).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
def test_a_command_is_sent_by_a_form(browser: Browser, own: Site, size: str) -> None:
    with opened_page(browser, size) as page:
        page.goto(own.console("entities"))
        page.get_by_label("id begins with").fill("new")
        page.get_by_role("button", name="Find").click()
        page.get_by_role("link", name="Open new").click()
        open_form(page, "open")
        page.get_by_label("owner", exact=True).fill("ann")
        page.get_by_label("first (optional)").fill("40")
        page.get_by_role("button", name="Send open").click()

        expect(page.get_by_text("open was sent. Reply: 40")).to_be_visible()
        expect(page.get_by_role("heading", name="New events")).to_be_visible()
        expect(page.get_by_role("heading", name="State after it, version 2")).to_be_visible()
        page.get_by_text("As code", exact=True).click()
        check(page, f"sent-{size}")


def open_form(page: Page, command: str) -> None:
    """Opens the form of a command, unless it is open."""
    form = page.locator("details.command", has=page.locator("summary", has_text=command).first)
    summary = page.locator("details.command > summary", has_text=command).first
    if summary.locator("..").get_attribute("open") is None:
        summary.click()
    expect(form.first).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
def test_what_if_shows_what_an_event_would_change(browser: Browser, desk: Site, size: str) -> None:
    with opened_page(browser, size) as page:
        page.goto(desk.console("entities/one?kind=Account&id=a&version=2"))
        page.locator("#what-if").get_by_label("event").select_option("Deposited")
        page.get_by_label("payload, as JSON").fill('{"amount": 7}')
        page.get_by_role("button", name="Imagine after version 2").click()

        expect(page.get_by_text("as version 3, it would be")).to_be_visible()
        check(page, f"imagined-{size}")


def test_a_workflow_is_restarted_from_a_step_that_asks_first(browser: Browser, own: Site) -> None:
    post(own, "/accounts/a/closing?amount=600", "closing")
    with opened_page(browser) as page:
        page.goto(own.console("work/workflow?kind=Closing&id=a"))
        expect(page.get_by_text("the till does not hold 600").first).to_be_visible()
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Restart from pay_out, number 1").click()

        expect(page.get_by_text("Closing/a is to be restarted.")).to_be_visible()
        expect(page.locator("dt", has_text="run")).to_be_visible()


def test_repairs_work_without_scripts(browser: Browser, own: Site) -> None:
    post(own, "/accounts/a/deposits?amount=150", "first")
    until_letters(own, 1)
    with opened_page(browser, java_script_enabled=False) as page:
        page.goto(own.console("work/letters"))
        page.get_by_label("Choose letter 1").check()
        page.get_by_role("button", name="Skip chosen").click()
        expect(page.get_by_text("Letter 1 is to be skipped.")).to_be_visible()
        post(own, "/accounts/a/deposits?amount=50", "second")
        page.goto(own.console("entities/one?kind=Account&id=a&version=1"))
        expect(page.get_by_role("button", name="Go")).to_be_visible()


def test_a_new_letter_shows_on_an_open_page(browser: Browser, own: Site) -> None:
    with opened_page(browser) as page:
        page.goto(own.console("work/letters"))
        expect(page.get_by_text("There are no letters")).to_be_visible()

        post(own, "/accounts/a/deposits?amount=150", "first")

        expect(page.get_by_text("the printer has no room for 150")).to_be_visible()
