"""The page Live: events as they happen, and the history from any position."""

from typing import Any

from litestar import Response
from litestar.response import Stream

from actum.console.event_line import EventLine, WantedEvents
from actum.console.page import Page, get
from actum.console.security.headers import SECURITY_HEADERS
from actum.console.stream import event_stream
from actum.console.visit import Visit
from actum.errors import CallerError
from actum.model.deletion import DELETED
from actum.model.error_text import error_message
from actum.model.event import Stored
from actum.operations.events import EventFilter, check_names, list_events
from actum.operations.page import MAX_PAGE
from actum.operations.views import view_type

NAME = "live"
SHOWN = 50
"""Events of a page, unless another number is asked for."""
RECENT = 2_000
"""Positions before the end in which the newest events are looked for."""
MAX_SEARCHED = 20
"""Pages of the journal that are searched for one page of what matches."""


async def show(visit: Visit) -> Response[Any]:
    """Shows the newest events, and those that come; or a page of the history, from behind a position."""
    limit = visit.number("limit", SHOWN, least=1, most=MAX_PAGE)
    is_history = bool(visit.text("after"))
    lines: list[EventLine] = []
    head = await visit.stores.journal.head()
    searched, problem = head, ""
    try:
        wanted = _wanted(visit)
        if is_history:
            found, searched = await _history(visit, wanted, visit.number("after", 0), limit)
        else:
            found = await _newest(visit, wanted, head, limit)
        lines = [EventLine.of(visit, stored) for stored in found]
    except CallerError as error:
        problem = error_message(error)
    return visit.show(
        "live.html",
        status=422 if problem else 200,
        lines=lines,
        head=head,
        searched=searched,
        limit=limit,
        is_history=is_history,
        problem_text=problem,
        kinds=list(visit.catalog.kinds),
        types=[*sorted(visit.catalog.events), DELETED] if visit.catalog.events else [],
        views=list(visit.catalog.views),
        filters=_filters(visit),
    )


async def stream(visit: Visit) -> Response[Any]:
    """Sends events as they happen."""
    wanted = _wanted(visit)
    last = visit.request.headers.get("last-event-id", "")
    after = (
        int(last)
        if last.isascii() and last.isdecimal()
        else visit.number("from", visit.services.feed.readable)
    )
    return Stream(
        event_stream(visit, wanted, after, visit.is_stopping),
        media_type="text/event-stream",
        headers={**SECURITY_HEADERS, "X-Accel-Buffering": "no"},
    )


def _filters(visit: Visit) -> dict[str, str]:
    return {name: visit.text(name) for name in ("kind", "type", "id", "of") if visit.text(name)}


def _wanted(visit: Visit) -> WantedEvents:
    wanted = EventFilter(visit.text("kind") or None, visit.text("id") or None, visit.text("type") or None)
    check_names(visit.app, wanted)
    of = visit.text("of")
    return WantedEvents(wanted, view_type(visit.app, of) if of else None)


async def _newest(visit: Visit, wanted: WantedEvents, head: int, limit: int) -> list[Stored]:
    """Gives the newest events that match, the newest first, as far as they are not far from the end."""
    found: list[Stored] = []
    after = await visit.stores.journal.position_before(head, RECENT)
    while True:
        page = await list_events(visit.stores, EventFilter(), after=after, limit=MAX_PAGE)
        if page.position == after:
            break
        found += filter(wanted.matches, page.events)
        after = page.position
    return found[: -limit - 1 : -1]


async def _history(visit: Visit, wanted: WantedEvents, after: int, limit: int) -> tuple[list[Stored], int]:
    """Gives the events that match behind a position, the oldest first, and where the search ended."""
    found: list[Stored] = []
    size = limit if wanted == WantedEvents(EventFilter()) else MAX_PAGE
    for _ in range(MAX_SEARCHED):
        page = await list_events(visit.stores, EventFilter(), after=after, limit=size)
        for stored in filter(wanted.matches, page.events):
            found.append(stored)
            if len(found) == limit:
                return found, stored.position
        if page.position == after:
            break
        after = page.position
    return found, after


LIVE = Page(NAME, "Live", (get("", show), get("/stream", stream)))
