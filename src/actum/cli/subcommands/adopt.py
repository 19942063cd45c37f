"""The command that has a database belong to the application and the journal that are named with it."""

import asyncio

from actum.app import App
from actum.cli.failure import CommandFailed
from actum.cli.loading import load_app
from actum.cli.opening import open_beside
from actum.cli.options import AppName, DatabaseUrl, StoreUrl
from actum.cli.output import print_line
from actum.stores.binding import rebind
from actum.stores.open import accept_without_log, open_stores, paired


def adopt(app: AppName, store: StoreUrl = None, database: DatabaseUrl = None) -> None:
    """Has a database belong to this application and this journal, whatever it belonged to before.

    For a journal that was put back to an earlier state, or another one, beside a database that has seen more;
    for an application that was renamed; and for a SQLite file whose log was lost, which goes on with what it
    holds. Stop the application first. Its views are dropped and built anew at the next start. Actions go on
    from where they were, or behind the journal's end if they were beyond it. Messages and timers stay.
    """
    loaded = load_app(app)
    url = loaded.store_url(store, database)
    asyncio.run(_adopt(loaded, url))


async def _adopt(app: App, url: str) -> None:
    without_log = await accept_without_log(url)
    async with open_beside(url):
        pass  # A store that is not there is not made.
    async with open_stores(url) as stores:
        if await stores.database.is_attended():
            raise CommandFailed("the application is running: stop it first")
        before, last = await rebind(app.name, paired(stores, url))
    for lost in without_log:
        print_line(f"{lost} goes on with what it holds: what was in its log alone is lost")
    was = "nothing" if before is None else f"{before.application} and journal {before.journal}"
    print_line(f"bound to {app.name}, at position {last} of its journal; it was bound to {was}")
    print_line("Views are built anew at the next start.")
