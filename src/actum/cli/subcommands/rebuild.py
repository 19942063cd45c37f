"""Building a view anew: by whoever runs the application, or by this process while nobody does."""

import asyncio
import contextlib
from collections.abc import Callable, Generator
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from actum.cli.failure import CommandFailed
from actum.cli.opening import open_beside
from actum.errors import StoreInUse, TryLater
from actum.model.view import ViewType
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
"""How long a rebuild that somebody else does may stand still before this process stops watching."""

Show = Callable[[int, int], None]
"""Shows how far a rebuild has got, and how far it has to go."""


async def rebuild(view: ViewType, url: str) -> None:
    """Builds a view anew, and returns when the new one serves."""
    async with open_beside(url):
        pass  # A store that is not there is not made: there is nothing to build from.
    try:
        async with open_stores(url) as stores:
            if await stores.database.is_attended():
                await _ask_for(view, stores)
            else:
                await _build_alone(view, stores)
    except StoreInUse:
        async with open_beside(url) as stores:
            await _ask_for(view, stores)
    async with open_beside(url) as stores:
        await _check_rows(view, stores)


async def _check_rows(view: ViewType, stores: Stores) -> None:
    live = next(state for state in await _states(view, stores) if state.is_live)
    count = await stores.database.count_set_aside(view.name, live.generation)
    if count:
        rows = "1 row of it is" if count == 1 else f"{count:,} rows of it are"
        raise CommandFailed(f"view {view.name} is built, and {rows} set aside: see actum views show")


async def _ask_for(view: ViewType, stores: Stores) -> None:
    with _progress(view) as show:
        await _have_built(view, stores, show)


async def _build_alone(view: ViewType, stores: Stores) -> None:
    """Builds it in this process, which keeps the view from any that starts meanwhile."""
    work = work_name(view)
    membership = stores.database.join([work])
    await membership.beat()
    leases = await membership.acquire([work])
    if not leases:
        await membership.leave()
        await _ask_for(view, stores)
        return
    beating = asyncio.create_task(_beat(membership))
    try:
        with _progress(view) as show:
            await _build(view, stores.database.under(leases[0]), stores, show)
    finally:
        beating.cancel()
        await asyncio.wait({beating})
        await membership.leave()


async def _beat(membership: Membership) -> None:
    while True:
        await asyncio.sleep(BEAT)
        with contextlib.suppress(TryLater):
            await membership.beat()


async def _build(view: ViewType, database: Database, stores: Stores, show: Show) -> None:
    feed = Feed(stores.journal, await stores.journal.head(), view.by_name)
    state = await database.rebuild_view(view)
    projector = Projector(view, state, database, feed, SystemClock())
    while batch := await feed.read(projector.position, BATCH):
        await projector.fold(batch)
        show(projector.position, feed.head)
    await projector.save()
    await database.promote_view(view, state.generation)
    show(feed.head, feed.head)


async def _have_built(view: ViewType, stores: Stores, show: Show) -> None:
    database, clock = stores.database, SystemClock()
    newest = max((state.generation for state in await _states(view, stores)), default=0)
    await database.request_rebuild(view.name)
    seen, moved = 0, clock.now()
    while True:
        built = [state for state in await _states(view, stores) if state.generation > newest]
        position = max((state.checkpoint for state in built), default=0)
        show(position, await stores.journal.head())
        if any(state.is_live for state in built):
            return
        if position > seen:
            seen, moved = position, clock.now()
        if clock.now() - moved > PATIENCE // timedelta(microseconds=1):
            raise CommandFailed(
                f"view {view.name} has stood at position {seen:,} for {PATIENCE.seconds} seconds: "
                "the application's log says what holds it up"
            )
        await clock.sleep(POLL)


async def _states(view: ViewType, stores: Stores) -> list[ViewState]:
    return [state for state in await stores.database.views() if state.name == view.name]


@contextlib.contextmanager
def _progress(view: ViewType) -> Generator[Show, None, None]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(f"view {view.name}", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
