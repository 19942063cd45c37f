"""What each page shows: when all is well, when nothing has happened yet, and when something fails."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from actum import App
from actum.errors import Unavailable
from actum.model.view import ViewType
from actum.operations.reading.store_facts import store_facts
from actum.stores.memory import MemoryJournal
from actum.stores.sqlite.database.database import SqliteDatabase
from tests.console.opening import console_of, eventually, text_of, token_of
from tests.console.shop import app
from tests.servers.postgres import empty, url_of

MAP = "/-/console/map"
VIEWS = "/-/console/views"
ORDERS = "/-/console/views/orders"
SQL = "/-/console/views/-/sql"
LIVE = "/-/console/live"
STORE = "/-/console/store"

bare = App("bare")


async def test_the_console_opens_with_the_map(console: httpx.AsyncClient) -> None:
    answer = await console.get("/-/console")

    assert answer.status_code == 303
    assert answer.headers["location"] == MAP


async def test_the_map_shows_every_part_that_is_declared(console: httpx.AsyncClient) -> None:
    page = text_of(await console.get(MAP))

    for part in (
        *("place command", "count_again command", "Order entity", "Stock entity", "Placed event"),
        *("letters queue", "every 1 h clock", "orders view", "confirm action", "Closing workflow"),
    ):
        assert part in page
    assert "everything is up to date" in page


async def test_the_map_shows_what_stands_still_and_leads_to_it(busy: httpx.AsyncClient) -> None:
    page = await busy.get(MAP)

    assert "orders view, stands still" in text_of(page)
    assert "confirm action, stands still" in text_of(page)
    assert "no shelf holds 13" in text_of(page)
    assert page.text.count(f'href="{ORDERS}"') == 2
    assert "shelves view " in text_of(page)
    assert "set aside view orders , row o2 since" in text_of(page)
    assert "Fix the reducer and deploy: the view is rebuilt." in text_of(page)
    assert "/work/letters?action=confirm&amp;status=dead" in page.text


async def test_rows_of_a_view_that_are_set_aside_are_one_line_of_the_map(busy: httpx.AsyncClient) -> None:
    await busy.post("/orders/another", params={"customer": "ann", "amount": 13})

    page = await eventually(lambda: busy.get(MAP), lambda text: "row o2 and 1 more since" in text)

    assert page.count("Fix the reducer and deploy") == 1


async def test_the_map_is_narrowed_down_to_a_part_and_what_it_is_joined_to(busy: httpx.AsyncClient) -> None:
    shelves = text_of(await busy.get(MAP, params={"only": "view::shelves"}))
    stuck = text_of(await busy.get(MAP, params={"only": "stuck"}))
    none = text_of(await busy.get(MAP, params={"only": "view::offers"}))

    assert "Stock entity" in shelves
    assert "Order entity" not in shelves
    assert "confirm action, stands still" in stuck
    assert "shelves view" not in stuck
    assert "No part of that name is there." in none


async def test_the_map_shows_how_many_events_a_second_there_are(console: httpx.AsyncClient) -> None:
    await console.get(MAP)

    async def place_one() -> httpx.Response:
        number = place_one.__dict__["number"] = place_one.__dict__.get("number", 0) + 1
        await console.post(f"/orders/n{number}", params={"customer": "ann", "amount": 2})
        return await console.get(MAP)

    page = await eventually(place_one, lambda text: text.count("/s ") >= 3)

    assert "/s" in page


async def test_the_map_of_nothing_says_what_to_declare() -> None:
    async with console_of(bare) as client:
        assert "App(entities=[…])" in text_of(await client.get(MAP))


async def test_the_map_is_drawn_while_the_store_does_not_answer(
    console: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(journal: MemoryJournal) -> int:
        raise Unavailable("the disk is gone")

    monkeypatch.setattr(MemoryJournal, "head", fail)
    page = text_of(await console.get(MAP))

    assert "does not answer store journal" in page
    assert "orders view" in page


async def test_views_are_listed_with_what_they_have_set_aside(busy: httpx.AsyncClient) -> None:
    page = text_of(await busy.get(VIEWS))

    assert "orders rows set aside 0 1" in page
    assert "shelves serves 0 0" in page


async def test_an_application_without_views_says_how_to_declare_one() -> None:
    async with console_of(bare) as client:
        assert "App(views=[…])" in text_of(await client.get(VIEWS))


async def test_a_view_shows_its_rows_in_pages_by_key(busy: httpx.AsyncClient) -> None:
    first = await busy.get(ORDERS, params={"limit": 2})
    second = await busy.get(ORDERS, params={"limit": 2, "after": "o1"})

    assert "o0 ann 1 false o1 ann 2 false" in text_of(first)
    assert "Next page 4 rows" in text_of(first)
    assert "o3 ann 7 false o4 ann 5 false First page" in text_of(second)


async def test_rows_are_filtered_and_counted(busy: httpx.AsyncClient) -> None:
    filters = {"column": "amount", "operator": "at least", "value": "5"}

    page = text_of(await busy.get(ORDERS, params=filters))

    assert "o3 ann 7 false o4 ann 5 false" in page
    assert "2 rows match" in page
    assert "No row matches." in text_of(await busy.get(ORDERS, params={**filters, "value": "99"}))


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"column": "amount", "value": "much"}, "write a whole number"),
        ({"column": "price", "value": "1"}, "no column"),
        ({"column": "amount", "operator": "like", "value": "1"}, "write one of is, is not"),
        ({"column": "amount", "operator": "contains", "value": "1"}, "only text contains something"),
        ({"limit": "0"}, "write a number from 1 to 1,000"),
    ],
)
async def test_a_filter_that_does_not_fit_is_explained(
    busy: httpx.AsyncClient, filters: dict[str, str], said: str
) -> None:
    assert said in text_of(await busy.get(ORDERS, params=filters))


async def test_rows_that_are_set_aside_are_shown_with_their_error_and_retried(
    busy: httpx.AsyncClient,
) -> None:
    page = text_of(await busy.get(ORDERS))
    token = await token_of(busy, ORDERS)
    one = await busy.post(f"{ORDERS}/retry", data={"token": token, "key": "o2"})
    said_of_one = text_of(await busy.get(ORDERS))
    await busy.post(f"{ORDERS}/retry", data={"token": token, "key": "o0"})
    said_of_another = text_of(await busy.get(ORDERS))

    assert "o2 view orders: Orders.placed failed on Placed of Order/o2 at position 3" in page
    assert one.headers["location"] == ORDERS
    assert "1 row of orders will be retried." in said_of_one
    assert "There was nothing to retry." in said_of_another


async def test_a_view_that_stands_still_says_why(
    console: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = SqliteDatabase.project

    async def fail(database: SqliteDatabase, view: ViewType, generation: int, **further: Any) -> None:
        if view.name == "orders":
            raise Unavailable("the disk is full")
        await project(database, view, generation, **further)

    monkeypatch.setattr(SqliteDatabase, "project", fail)
    await console.post("/orders/o1", params={"customer": "ann", "amount": 2})
    page = await eventually(lambda: console.get(ORDERS), lambda text: "The view stands still" in text)

    assert "the disk is full" in page
    assert "1 events behind" in page
    assert "orders stands still 1" in text_of(await console.get(VIEWS))
    assert "orders view, stands still" in text_of(await console.get(MAP))


async def test_a_rebuild_ends_with_a_new_generation(busy: httpx.AsyncClient) -> None:
    token = await token_of(busy, ORDERS)

    await busy.post(f"{ORDERS}/rebuild", data={"token": token})

    await eventually(lambda: busy.get(ORDERS), lambda text: "2 generation" in text)


async def test_a_view_without_rows_says_so(console: httpx.AsyncClient) -> None:
    assert "The view has no rows yet" in text_of(await console.get(ORDERS))


async def test_a_view_that_there_is_not_is_named_with_those_that_there_are(
    console: httpx.AsyncClient,
) -> None:
    answer = await console.get(f"{VIEWS}/offers")

    assert answer.status_code == 404
    assert "no view 'offers'; it has orders, shelves" in text_of(answer)


async def test_sql_over_the_views_is_answered(busy: httpx.AsyncClient) -> None:
    page = text_of(
        await busy.get(SQL, params={"sql": "SELECT id, amount * 2 AS twice FROM orders ORDER BY id;"})
    )

    assert "id twice o0 2 o1 4 o3 14 o4 10 4 rows" in page


@pytest.mark.parametrize(
    ("sql", "status", "said"),
    [
        ("DELETE FROM orders", 422, "is not a SELECT"),
        ("SELECT 1; DROP TABLE orders", 422, "2 statements"),
        ("SELECT * FROM actum_events", 503, "there is no view"),
        ("SELECT * FROM sqlite_master", 503, "there is no view"),
        ("WITH x AS (DELETE FROM orders RETURNING *) SELECT * FROM x", 422, "the query cannot be answered"),
        ("PRAGMA writable_schema = 1", 422, "is not a SELECT"),
        ("SELECT :id FROM orders", 422, ":id"),
        ("SELEC", 422, "the query cannot be answered"),
        ("x" * 30_000, 422, "more than 20,000 characters"),
    ],
)
async def test_sql_that_is_no_query_over_the_views_is_refused(
    busy: httpx.AsyncClient, sql: str, status: int, said: str
) -> None:
    answer = await busy.get(SQL, params={"sql": sql})

    assert answer.status_code == status
    assert said in answer.text.replace("&#39;", "'")


async def test_live_shows_the_newest_events_first(busy: httpx.AsyncClient) -> None:
    page = text_of(await busy.get(LIVE))

    assert page.index("Order/o4 @1") < page.index("Order/o0 @1")
    assert '{"customer":"ann","amount":13}' in page


async def test_events_are_filtered_by_type_entity_and_view(busy: httpx.AsyncClient) -> None:
    by_id = text_of(await busy.get(LIVE, params={"kind": "Order", "id": "o3"}))
    by_type = text_of(await busy.get(LIVE, params={"type": "Paid"}))
    of_view = text_of(await busy.get(LIVE, params={"of": "shelves"}))

    assert "Order/o3 @1" in by_id
    assert "Order/o4" not in by_id
    assert "No event matches" in by_type
    assert "No event matches" in of_view


@pytest.mark.parametrize("wrong", [{"type": "Paied"}, {"kind": "Oder"}, {"of": "ordres"}, {"after": "x"}])
async def test_a_filter_for_what_is_not_declared_is_explained(
    busy: httpx.AsyncClient, wrong: dict[str, str]
) -> None:
    answer = await busy.get(LIVE, params=wrong)

    assert answer.status_code in (400, 422)
    assert "has no" in answer.text or "write a number" in answer.text


async def test_the_history_is_shown_in_pages_from_any_position(busy: httpx.AsyncClient) -> None:
    page = await busy.get(LIVE, params={"after": 1, "limit": 2})

    assert "as far as position 3 of 5" in text_of(page)
    assert "after=3" in page.text
    assert "Order/o1 @1" in text_of(page)
    assert "Order/o3 @1" not in text_of(page)


async def test_live_says_when_nothing_has_happened(console: httpx.AsyncClient) -> None:
    assert "Nothing has happened yet" in text_of(await console.get(LIVE))


async def test_the_store_shows_its_processes_and_what_each_does(console: httpx.AsyncClient) -> None:
    page = text_of(await console.get(STORE))

    assert "1 comes from it 8" in page
    assert "view orders 1 all" in page
    assert "nobody" not in page
    assert "Mode development" in page


async def test_the_store_of_a_file_shows_its_size_and_versions(tmp_path: Path) -> None:
    async with console_of(app, f"sqlite:///{tmp_path / 'shop.db'}") as client:
        page = text_of(await client.get(STORE))

    assert "shop.db" in page
    assert "KB" in page
    assert "journal version" in page


async def test_the_store_says_when_it_does_not_answer(
    console: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(journal: MemoryJournal) -> int:
        raise Unavailable("the disk is gone")

    monkeypatch.setattr(MemoryJournal, "head", fail)
    page = text_of(await console.get(STORE))

    assert "the disk is gone" in page
    assert "does not answer store journal since" in page
    assert "All goes on by itself then." in page


async def test_a_page_that_fails_says_that_the_log_says_why(
    console: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(journal: MemoryJournal) -> int:
        raise ValueError("a secret of the inside")

    monkeypatch.setattr(MemoryJournal, "head", fail)
    answer = await console.get(LIVE)

    assert answer.status_code == 500
    assert "a secret of the inside" not in answer.text
    assert "a secret of the inside" in caplog.text
    assert answer.headers["x-correlation-id"] in answer.text


@pytest.mark.slow
async def test_pages_show_the_same_on_postgres(postgres: Any) -> None:
    await empty(postgres)
    async with console_of(app, url_of(postgres, schema="store")) as client:
        await client.post("/orders/o1", params={"customer": "ann", "amount": 2})
        rows = await eventually(lambda: client.get(ORDERS), lambda text: "o1 ann 2 false" in text)
        answer = text_of(await client.get(SQL, params={"sql": "SELECT * FROM orders"}))
        store = text_of(await client.get(STORE))

    assert "1 row" in rows
    assert "o1 ann 2" in answer
    assert "16 of 16" in store
    assert "actum_events" in store


async def test_no_password_of_a_store_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(url: str) -> dict[str, int]:
        return {}

    monkeypatch.setattr("actum.operations.reading.store_facts.versions_of", nothing)
    monkeypatch.setattr("actum.operations.reading.store_facts.sizes_of", nothing)
    (facts,) = await store_facts("postgresql://ann:geheim@db/shop")

    assert facts.url == "postgresql://ann:***@db/shop"
