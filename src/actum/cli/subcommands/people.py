"""The commands that forget persons and export their data, and those for the keys of persons."""

import asyncio
from typing import Annotated

import msgspec
import typer
from msgspec import Struct

from actum.cli.characters import print_json_text
from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, By, DatabaseUrl, StoreUrl, operator
from actum.cli.output import print_json, print_outcome

keys: typer.Typer = typer.Typer(
    no_args_is_help=True, help="Makes and rotates the key that personal data is sealed under."
)


class ForgottenLine(Struct, frozen=True):
    """Who was forgotten, as `--json` prints it, and the views that are empty until the next start."""

    persons: list[str]
    emptied: list[str]


class NewKey(Struct, frozen=True):
    """A new key for ACTUM_KEY, as `--json` prints it."""

    key: str


class RotatedKeys(Struct, frozen=True):
    """How many keys of persons were sealed anew, as `--json` prints it."""

    persons: int


@keys.callback()
def _group() -> None:
    """Makes and rotates the key that personal data is sealed under."""


def forget(
    app: AppName,
    persons: Annotated[
        list[str], typer.Argument(metavar="PERSON…", help="The ids of persons.", show_default=False)
    ],
    by: By = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Forgets persons: their personal values cannot be read any more in what the application stores.

    What was copied elsewhere, and backups with the keys of persons, stay as they are. This cannot be undone.
    If the application is running, its process does it, and this command waits for it.
    """
    from actum.cli.progress import waiting
    from actum.operations.people import forget_persons

    loaded = load_app(app)
    url = loaded.store_url(store, database)
    with waiting("forgetting"):
        done = asyncio.run(forget_persons(loaded, url, persons, by=operator(by)))
    emptied = [] if done.runs else done.views
    said = f"emptied, and filled again at the next start: {', '.join(emptied)}"
    print_outcome(
        ForgottenLine(persons, emptied),
        f"persons forgotten: {len(persons):,}",
        *([said] if emptied else []),
        is_json=is_json,
    )


def export(
    app: AppName,
    person: Annotated[str, typer.Argument(metavar="PERSON", help="The person's id.", show_default=False)],
    by: By = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Prints, as JSON, everything that is kept of a person; it reads the whole journal."""
    from actum.cli.progress import waiting
    from actum.operations.people import export_person

    loaded = load_app(app)
    with waiting("reading the journal"):
        url = loaded.store_url(store, database)
        found = asyncio.run(export_person(loaded, url, person, by=operator(by)))
    if is_json:
        print_json(found)
        return
    print_json_text(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())


@keys.command()
def new(is_json: AsJson = False) -> None:
    """Prints a new random key for ACTUM_KEY. Keep it where the store and its backups are not."""
    from actum.key_services.open import new_key

    key = new_key()
    print_outcome(NewKey(key), key, is_json=is_json)


@keys.command()
def rotate(
    app: AppName,
    by: By = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Seals the keys of all persons anew, under a new key of the application that ACTUM_KEY seals.

    To replace ACTUM_KEY itself, put the former one into ACTUM_OLD_KEYS, restart the application, run this,
    and remove it from there. The application may be running.
    """
    from actum.cli.progress import counted
    from actum.operations.people import rotate_keys

    loaded = load_app(app)
    url = loaded.store_url(store, database)
    with counted("keys of persons sealed anew") as report:
        count = asyncio.run(rotate_keys(loaded, url, report, by=operator(by)))
    print_outcome(RotatedKeys(count), f"keys of persons sealed anew: {count:,}", is_json=is_json)
