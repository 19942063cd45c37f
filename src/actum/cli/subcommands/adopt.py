"""The command that binds a database to an application and a journal."""

import asyncio

from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, By, DatabaseUrl, StoreUrl, operator
from actum.cli.output import print_outcome


def adopt(
    app: AppName,
    by: By = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Binds a database to this application and this journal, whatever it belonged to before.

    Use it when the journal was restored to an earlier state or replaced, so that the database has seen more
    events than it holds; when the application was renamed; and when the log of a SQLite file was lost, to
    continue with what the file holds. Stop the application first. Its views are dropped, and rebuilt at the
    next start. Actions continue where they were, or at the end of the journal if they were beyond it.
    Messages and timers stay.
    """
    from actum.cli.progress import waiting
    from actum.operations.adoption import adopt_stores

    loaded = load_app(app)
    with waiting("binding the database"):
        adoption = asyncio.run(adopt_stores(loaded, loaded.store_url(store, database), by=operator(by)))
    before = adoption.before
    was = "nothing" if before is None else f"{before.application} and journal {before.journal}"
    print_outcome(
        adoption,
        *(
            f"{lost} continues with what it holds: what only its log held is lost"
            for lost in adoption.without_log
        ),
        f"bound to {loaded.name}, at position {adoption.position} of its journal; it was bound to {was}",
        "Views are rebuilt at the next start.",
        is_json=is_json,
    )
