"""The command that creates the tables of an application's stores."""

import asyncio

from actum.cli.loading import load_app
from actum.cli.options import AppName, DatabaseUrl, StoreUrl
from actum.cli.output import print_line
from actum.operations.migration import migrate_stores


def migrate(app: AppName, store: StoreUrl = None, database: DatabaseUrl = None) -> None:
    """Creates the tables of a store, or brings them up to date; running it again changes nothing.

    In DynamoDB it creates the table itself, billed on demand, and waits until it can be used. The application
    builds its views when it starts.
    """
    url = load_app(app).store_url(store, database)
    for migration in asyncio.run(migrate_stores(url)):
        print_line(f"{migration.store}: {migration.outcome}")
