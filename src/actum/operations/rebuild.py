"""Rebuilding a view: by the process that runs the application, or by this one while none does."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta

from actum.app import App
from actum.errors import StoreInUse, TryLater, Unavailable
from actum.model.view import ViewType
from actum.operations.opening import open_beside
from actum.operations.people import readable
from actum.ports.database import Database, ViewState
from actum.ports.membership import Membership
from actum.runtime.clock import SystemClock
from actum.runtime.cluster.coordinator import BEAT
from actum.runtime.feed import Feed
from actum.runtime.views.projector import BATCH, Projector
from actum.runtime.views.view_assignment import work_name
from actum.stores.open import Stores, open_stores

POLL = timedelta(milliseconds=200)
PATIENCE = timedelta(seconds=30)
"""How long a rebuild by another process may make no progress before this one stops watching it."""

Report = Callable[[int, int], None]
"""Is called with the position that a rebuild has reached, and the position that it has to reach."""


async def rebuild_view(app: App, url: str, view: ViewType, report: Report) -> int:
    """Builds a view again from the whole history, and returns when the new generation serves queries.

    Gives how many of its rows are set aside. Raises Unavailable when the process that should build it makes
    no progress.
    """
    async with open_beside(url):
        pass  # A store that does not exist is not created: there is nothing to build from.
    try:
        async with open_stores(url) as stores:
            if await stores.database.is_attended():
                await request_rebuild(stores, view, report)
            else:
                async with readable(app, url, stores) as found:
                    await _build_alone(found, view, report)
    except StoreInUse:
        async with open_beside(url) as stores:
            await request_rebuild(stores, view, report)
    async with open_beside(url) as stores:
        live = next(state for state in await _generations(stores, view) if state.is_live)
        return await stores.database.count_set_aside(view.name, live.generation)


async def ask_for_rebuild(stores: Stores, view: ViewType) -> None:
    """Asks the process that runs the application to rebuild a view, and does not wait for it."""
    await stores.database.request_rebuild(view.name)


async def request_rebuild(stores: Stores, view: ViewType, report: Report) -> None:
    """Asks the process that runs the application to rebuild a view, and returns when it has."""
    database, clock = stores.database, SystemClock()
    newest = max((state.generation for state in await _generations(stores, view)), default=0)
    await database.request_rebuild(view.name)
    seen, moved = 0, clock.now()
    while True:
        built = [state for state in await _generations(stores, view) if state.generation > newest]
        position = max((state.checkpoint for state in built), default=0)
        report(position, await stores.journal.head())
        if any(state.is_live for state in built):
            return
        if position > seen:
            seen, moved = position, clock.now()
        if clock.now() - moved > PATIENCE // timedelta(microseconds=1):
            raise Unavailable(
                f"view {view.name} has stood at position {seen:,} for {PATIENCE.seconds} seconds: "
                "the application's log says what holds it up"
            )
        await clock.sleep(POLL)


async def _build_alone(stores: Stores, view: ViewType, report: Report) -> None:
    """Builds it in this process, which holds the view's lease against any process that starts meanwhile."""
    work = work_name(view)
    membership = stores.database.join([work])
    await membership.beat()
    leases = await membership.acquire([work])
    if not leases:
        await membership.leave()
        await request_rebuild(stores, view, report)
        return
    beating = asyncio.create_task(_beat(membership))
    try:
        await _build(stores, view, stores.database.under(leases[0]), report)
    finally:
        beating.cancel()
        await asyncio.wait({beating})
        await membership.leave()


async def _beat(membership: Membership) -> None:
    while True:
        await asyncio.sleep(BEAT)
        with contextlib.suppress(TryLater):
            await membership.beat()


async def _build(stores: Stores, view: ViewType, database: Database, report: Report) -> None:
    feed = Feed(stores.journal, await stores.journal.head(), view.by_name)
    state = await database.rebuild_view(view)
    projector = Projector(view, state, database, feed, SystemClock())
    while batch := await feed.read(projector.position, BATCH):
        await projector.fold(batch)
        report(projector.position, feed.head)
    await projector.save()
    await database.promote_view(view, state.generation)
    report(feed.head, feed.head)


async def _generations(stores: Stores, view: ViewType) -> list[ViewState]:
    return [state for state in await stores.database.views() if state.name == view.name]
