"""The command that creates the tables of an application's stores."""

import asyncio

from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, DatabaseUrl, StoreUrl
from actum.cli.output import print_outcome


def migrate(
    app: AppName, is_json: AsJson = False, store: StoreUrl = None, database: DatabaseUrl = None
) -> None:
    """Creates the tables of a store, or brings them up to date; running it again changes nothing.

    In DynamoDB it creates the table itself, billed on demand, and waits until it can be used. The application
    builds its views when it starts.
    """
    from actum.cli.progress import waiting
    from actum.operations.migration import migrate_stores

    url = load_app(app).store_url(store, database)
    with waiting("bringing tables up to date"):
        migrations = asyncio.run(migrate_stores(url))
    for migration in migrations:
        print_outcome(migration, f"{migration.store}: {migration.outcome}", is_json=is_json)
