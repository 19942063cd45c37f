"""The commands that forget persons and export their data, and those for the keys of persons."""

import asyncio
from typing import Annotated

import msgspec
import typer

from actum.cli.characters import print_json_text
from actum.cli.loading import load_app
from actum.cli.options import AppName, By, DatabaseUrl, StoreUrl, operator
from actum.cli.output import print_line
from actum.key_services.open import new_key
from actum.operations.people import export_person, forget_persons, rotate_keys

keys: typer.Typer = typer.Typer(
    no_args_is_help=True, help="Makes and rotates the key that personal data is sealed under."
)


@keys.callback()
def _group() -> None:
    """Makes and rotates the key that personal data is sealed under."""


def forget(
    app: AppName,
    persons: Annotated[
        list[str], typer.Argument(metavar="PERSON…", help="The ids of persons.", show_default=False)
    ],
    by: By = None,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Forgets persons: their personal data cannot be read any more, and is in no table or file.

    This cannot be undone. If the application is running, its process does it, and this command waits for it.
    """
    loaded = load_app(app)
    url = loaded.store_url(store, database)
    done = asyncio.run(forget_persons(loaded, url, persons, by=operator(by)))
    print_line(f"persons forgotten: {len(persons):,}")
    if not done.runs and done.views:
        print_line(f"emptied, and filled again at the next start: {', '.join(done.views)}")


def export(
    app: AppName,
    person: Annotated[str, typer.Argument(metavar="PERSON", help="The person's id.", show_default=False)],
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Prints, as JSON, everything that is kept of a person; it reads the whole journal."""
    loaded = load_app(app)
    found = asyncio.run(export_person(loaded, loaded.store_url(store, database), person))
    print_json_text(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())


@keys.command()
def new() -> None:
    """Prints a new random key for ACTUM_KEY. Keep it where the store and its backups are not."""
    print_line(new_key())


@keys.command()
def rotate(app: AppName, by: By = None, store: StoreUrl = None, database: DatabaseUrl = None) -> None:
    """Seals the keys of all persons anew, under a new key of the application that ACTUM_KEY seals.

    To replace ACTUM_KEY itself, put the former one into ACTUM_OLD_KEYS, restart the application, run this,
    and remove it from there. The application may be running.
    """
    loaded = load_app(app)
    count = asyncio.run(rotate_keys(loaded, loaded.store_url(store, database), by=operator(by)))
    print_line(f"keys of persons sealed anew: {count:,}")
