"""The command that has a database belong to the application and the journal that are named with it."""

import asyncio

from actum.cli.loading import load_app
from actum.cli.options import AppName, DatabaseUrl, StoreUrl
from actum.cli.output import print_line
from actum.operations.adoption import adopt_stores


def adopt(app: AppName, store: StoreUrl = None, database: DatabaseUrl = None) -> None:
    """Has a database belong to this application and this journal, whatever it belonged to before.

    For a journal that was put back to an earlier state, or another one, beside a database that has seen more;
    for an application that was renamed; and for a SQLite file whose log was lost, which goes on with what it
    holds. Stop the application first. Its views are dropped and built anew at the next start. Actions go on
    from where they were, or behind the journal's end if they were beyond it. Messages and timers stay.
    """
    loaded = load_app(app)
    adoption = asyncio.run(adopt_stores(loaded, loaded.store_url(store, database)))
    for lost in adoption.without_log:
        print_line(f"{lost} goes on with what it holds: what was in its log alone is lost")
    before = adoption.before
    was = "nothing" if before is None else f"{before.application} and journal {before.journal}"
    print_line(
        f"bound to {loaded.name}, at position {adoption.position} of its journal; it was bound to {was}"
    )
    print_line("Views are built anew at the next start.")
