"""What an operator does with a running application, where no command line reaches or only at a cost."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from datetime import timedelta

import pytest

from actum import App, Invalid, NotFound
from actum.operations.entities import entity_kind, list_entities, show_entity
from actum.operations.events import EventFilter, follow_events, list_events
from actum.operations.letters.requests import (
    LetterOutcome,
    find_dead_letters,
    find_letters,
    request_letters,
    watch_letters,
)
from actum.operations.letters.shown import all_letters, list_letters, show_letter
from actum.operations.set_aside import list_set_aside, request_rows, watch_rows
from actum.operations.views import view_type
from actum.testing import Running, testing
from tests.operations.workshop import Part, app, jammed, stores_of, uncounted

PATIENCE = timedelta(milliseconds=20)


@pytest.fixture(autouse=True)
def _repaired() -> Iterator[None]:
    yield
    jammed.clear()
    uncounted.clear()


@pytest.fixture
async def workshop() -> AsyncGenerator[Running]:
    """A workshop whose machine jams on the parts a, b and c, but not on d."""
    jammed.update("abc")
    async with testing(app) as running:
        for size, id in enumerate("abcd", start=1):
            await running.ctx.entity(Part, id).order(size)
        await running.settle(allows_failures=True)
        yield running


async def test_letters_are_listed_a_page_at_a_time(workshop: Running) -> None:
    stores = stores_of(workshop)

    first = await list_letters(stores, limit=2)
    assert first.next is not None
    last = await list_letters(stores, after=first.next, limit=2)

    assert [letter.key for letter in first.letters] == ["Part/a", "Part/b"]
    assert ([letter.key for letter in last.letters], last.next) == (["Part/c"], None)


async def test_every_letter_is_on_one_of_the_pages(
    workshop: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actum.operations.letters.shown.MAX_PAGE", 2)

    pages = [page async for page in all_letters(stores_of(workshop), status="dead")]

    assert [[letter.key for letter in page] for page in pages] == [["Part/a", "Part/b"], ["Part/c"]]


@pytest.mark.parametrize("limit", [0, 1_001])
async def test_a_page_has_an_end(workshop: Running, limit: int) -> None:
    with pytest.raises(Invalid, match="a page has 1 to 1,000 items"):
        await list_letters(stores_of(workshop), limit=limit)


async def test_a_letter_is_shown_with_its_event(workshop: Running) -> None:
    stores = stores_of(workshop)
    letter = (await list_letters(stores)).letters[1]

    shown = await show_letter(stores, letter.id)

    assert (shown.letter, shown.event and shown.event.id) == (letter, "b")


async def test_letters_that_are_retried_are_told_apart_by_what_became_of_them(workshop: Running) -> None:
    stores = stores_of(workshop)
    letters = await find_dead_letters(stores)
    jammed.discard("b")

    await request_letters(stores, app, letters[:2], "retry")
    for worker in workshop.node.workers:
        await worker.answer_requests()
    await workshop.settle(allows_failures=True)
    outcomes = [one async for one in watch_letters(stores, letters[:2], patience=PATIENCE)]

    assert outcomes == [
        LetterOutcome(letters[0], "failed", "RuntimeError: a jams the machine"),
        LetterOutcome(letters[1], "gone"),
    ]


async def test_a_letter_that_nobody_has_worked_on_yet_is_open(workshop: Running) -> None:
    stores = stores_of(workshop)
    (letter,) = await find_letters(stores, [1, 1])

    await request_letters(stores, app, [letter], "skip")
    outcomes = [one async for one in watch_letters(stores, [letter], patience=timedelta())]

    assert outcomes == [LetterOutcome(letter, "open")]


async def test_nothing_is_asked_for_when_one_of_the_letters_cannot_be_done(workshop: Running) -> None:
    stores = stores_of(workshop)
    letters = await find_dead_letters(stores)
    without_actions = App("workshop", entities=[Part])

    with pytest.raises(
        NotFound, match="letter 1 is of the action 'turn', which the application no longer has"
    ):
        await request_letters(stores, without_actions, letters, "retry")
    with pytest.raises(NotFound, match="there is no letter 99"):
        await find_letters(stores, [1, 99])

    assert {letter.request for letter in (await list_letters(stores)).letters} == {None}


async def test_entities_are_listed_a_page_at_a_time(workshop: Running) -> None:
    stores, kind = stores_of(workshop), entity_kind(app, "Part")

    first = await list_entities(stores, kind, limit=3)
    last = await list_entities(stores, kind, limit=3, page=first.next)

    assert [one.id for one in first.items] == ["a", "b", "c"]
    assert ([one.id for one in last.items], last.next) == (["d"], None)


async def test_an_entity_is_shown_with_its_state(workshop: Running) -> None:
    stores, kind = stores_of(workshop), entity_kind(app, "Part")

    shown = await show_entity(stores, kind, "d")

    assert (shown.version, shown.state) == (2, b'{"size":4}')
    with pytest.raises(NotFound, match="there is no Part 'e'"):
        await show_entity(stores, kind, "e")


async def test_a_page_of_events_says_how_far_it_has_searched(workshop: Running) -> None:
    stores, wanted = stores_of(workshop), EventFilter(type="Turned")

    first = await list_events(stores, wanted, limit=3)
    second = await list_events(stores, wanted, after=first.position, limit=3)
    end = await list_events(stores, wanted, after=second.position)

    assert (first.events, first.position) == ([], 3)
    assert ([stored.id for stored in second.events], second.position) == (["d"], 5)
    assert (end.events, end.position) == ([], 5)


async def test_whoever_follows_events_gets_those_that_are_written_later(workshop: Running) -> None:
    pages = follow_events(stores_of(workshop), EventFilter(id="e"))
    before = await anext(pages)

    async with asyncio.timeout(30):
        _, found = await asyncio.gather(workshop.ctx.entity(Part, "e").order(9), anext(pages))

    assert before == []
    assert [(stored.id, stored.type) for stored in found] == [("e", "Ordered")]


async def test_rows_that_are_retried_are_told_apart_by_what_became_of_them() -> None:
    view = view_type(app, "sizes")
    uncounted.update((5, 7))
    async with testing(app) as running:
        stores = stores_of(running)
        for id, size in (("x", 5), ("y", 6), ("z", 7)):
            await running.ctx.entity(Part, id).order(size)
        await running.settle(allows_failures=True)
        uncounted.discard(5)

        request = await request_rows(stores, view)
        await running.node.services.views.works["sizes"].retry_rows()
        outcome = await watch_rows(stores, request, patience=PATIENCE)

        assert request.count == 2
        assert (outcome.up_to_date, [row.key for row in outcome.failed], outcome.untried) == (1, ["z"], [])
        assert [row.error for row in await list_set_aside(stores, view)] == [outcome.failed[0].error]


async def test_a_row_that_nobody_has_tried_yet_is_untried() -> None:
    view = view_type(app, "sizes")
    uncounted.add(5)
    async with testing(app) as running:
        await running.ctx.entity(Part, "x").order(5)
        await running.settle(allows_failures=True)

        request = await request_rows(stores_of(running), view, "x")
        outcome = await watch_rows(stores_of(running), request, patience=PATIENCE)

        assert (request.count, outcome.up_to_date, outcome.failed) == (1, 0, [])
        assert [row.key for row in outcome.untried] == ["x"]


def test_a_name_that_is_not_declared_is_answered_with_those_that_are() -> None:
    with pytest.raises(NotFound, match="workshop has no view 'sums'; it has sizes"):
        view_type(app, "sums")
    with pytest.raises(NotFound, match="workshop has no entity 'Machine'; it has Part"):
        entity_kind(app, "Machine")
