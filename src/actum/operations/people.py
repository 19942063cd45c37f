"""Persons: forgotten, and exported; and the keys that their data is sealed under."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

from msgspec import Struct
from msgspec.structs import replace

from actum.app import App, definition_of
from actum.brokers.open import broker_on
from actum.errors import StoreError, StoreInUse, Unavailable
from actum.launch import key_service
from actum.model.view import ViewType
from actum.operations.letters.edit import Declared
from actum.operations.opening import is_running, open_beside
from actum.operations.repairs.audit import Act, recorded
from actum.ports.person_keys import PersonKeys
from actum.runtime.actions.triggers.messages import readers
from actum.runtime.clock import SystemClock
from actum.runtime.declarations import triggers_of
from actum.runtime.keys.kept_answers import erase_parts
from actum.runtime.people.forgetting import check_persons, own_kinds, personal_views
from actum.runtime.people.keyring import Keyring
from actum.runtime.people.opening import open_keyring
from actum.runtime.people.portrait import Painter, Portrait
from actum.runtime.people.sealed_database import sealed_database
from actum.runtime.people.sealed_journal import SealedJournal
from actum.stores.open import Stores, open_stores

POLL = 0.2
PATIENCE = 60.0
"""Seconds that the process which runs the application may take to forget."""


class ForgottenPersons(Struct, frozen=True):
    """Who forgot: the process that `runs` the application, or this one, and then which `views` are empty."""

    runs: bool
    views: list[str]


@asynccontextmanager
async def open_readable(app: App, url: str) -> AsyncGenerator[Stores]:
    """Opens stores beside the application that runs on them, with personal data that can be read.

    Raises KeyMissing without the application's key, if it has personal data.
    """
    async with open_beside(url) as stores, readable(app, url, stores) as found:
        yield found


@asynccontextmanager
async def open_editable(app: App, url: str) -> AsyncGenerator[tuple[Stores, Declared]]:
    """Opens stores beside the application that runs on them, with what reads and writes what letters hold.

    Raises KeyMissing without the application's key, if it has personal data.
    """
    definition = definition_of(app)
    async with open_beside(url) as stores, _keyring(app, url, stores) as keyring:
        queues = readers(triggers_of(definition))
        yield stores, Declared(definition.catalog.kinds, queues, keyring)


@asynccontextmanager
async def readable(app: App, url: str, stores: Stores) -> AsyncGenerator[Stores]:
    """Gives open stores whose personal data can be read."""
    async with _keyring(app, url, stores) as keyring:
        if keyring is None:
            yield stores
        else:
            catalog = definition_of(app).catalog
            journal = SealedJournal(stores.journal, keyring, catalog.kinds)
            database = sealed_database(stores.database, keyring, catalog.views.values())
            yield replace(stores, journal=journal, database=database)


async def forget_persons(app: App, url: str, persons: Sequence[str], *, by: str = "") -> ForgottenPersons:
    """Forgets persons, by the process that runs the application if one does.

    The audit log has by whom, and of how many, but not who was forgotten.

    Without one, views that are made from personal data are emptied, and filled again at the next start.
    Raises Unavailable if the process that runs it does not answer.
    """
    check_persons(persons)
    catalog = definition_of(app).catalog
    views = personal_views(catalog.views)
    act = Act("forget", "1 person" if len(persons) == 1 else f"{len(persons):,} persons")
    async with open_beside(url) as stores:
        keys = _keys_of(stores)
        if await is_running(stores, url):
            async with recorded(stores.database, by, act):
                await _ask(keys, persons)
            return ForgottenPersons(runs=True, views=[])
    try:
        async with open_stores(url) as stores:
            names = [f"{kind}/{person}" for person in persons for kind in own_kinds(catalog.kinds)]
            async with recorded(stores.database, by, act):
                await _forget_alone(stores, persons, names, views)
    except StoreInUse:
        return await forget_persons(app, url, persons, by=by)
    return ForgottenPersons(runs=False, views=[view.name for view in views])


async def export_person(app: App, url: str, person: str, *, by: str = "") -> Portrait:
    """Gives everything that is kept of a person; raises NotFound if nothing is.

    The audit log has by whom a person was exported, but not who it was.
    """
    catalog = definition_of(app).catalog
    async with open_beside(url) as stores, _keyring(app, url, stores) as keyring:
        if keyring is None:
            raise StoreError(f"{app.name} has no personal data")
        journal = SealedJournal(stores.journal, keyring, catalog.kinds)
        broker = broker_on(stores.database)
        queues = list(readers(triggers_of(definition_of(app))))
        painter = Painter(
            keyring,
            journal=journal,
            database=stores.database,
            broker=broker,
            kinds=catalog.kinds,
            queues=queues,
        )
        found = await painter.paint(person)
        async with recorded(stores.database, by, Act("export-person", "1 person")):
            return found


async def rotate_keys(
    app: App, url: str, report: Callable[[int], object] = lambda count: None, *, by: str = ""
) -> int:
    """Seals the keys of all persons under a new key of the application; gives how many there were."""
    async with open_beside(url) as stores, _keyring(app, url, stores) as keyring:
        if keyring is None:
            raise StoreError(f"{app.name} has no personal data")
        async with recorded(stores.database, by, Act("keys rotate")):
            return await keyring.rotate(report)


@asynccontextmanager
async def _keyring(app: App, url: str, stores: Stores) -> AsyncGenerator[Keyring | None]:
    definition = definition_of(app)
    async with key_service(definition, url) as service:
        keyring = await open_keyring(definition.catalog, stores.journal, service, SystemClock(), stores.host)
        try:
            yield keyring
        finally:
            if keyring is not None:
                keyring.close()


def _keys_of(stores: Stores) -> PersonKeys:
    keys = stores.journal.person_keys
    if keys is None:
        raise StoreError("this store has no place for keys of persons, so it has no personal data")
    return keys


async def _ask(keys: PersonKeys, persons: Sequence[str]) -> None:
    before = await keys.last()
    await keys.request(persons)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while not await _is_done(keys, before):  # noqa: ASYNC110 (another process does it)
                await asyncio.sleep(POLL)
            return
    raise Unavailable(
        f"the application has not forgotten within {PATIENCE:.0f} seconds: it goes on, and its log says why"
    )


async def _is_done(keys: PersonKeys, before: int) -> bool:
    return not (await keys.requests() or await keys.unfinished(before))


async def _forget_alone(
    stores: Stores, persons: Sequence[str], names: Sequence[str], views: Sequence[ViewType]
) -> None:
    keys, now = _keys_of(stores), SystemClock().now()
    await erase_parts(stores.journal, names, now)
    forgettings = [await keys.forget(person, now) for person in persons]
    built = {state.name for state in await stores.database.views()}
    for view in views:
        if view.name in built:
            state = await stores.database.rebuild_view(view)
            await stores.database.promote_view(view, state.generation)
    await stores.database.scrub()
    for forgetting in forgettings:
        await keys.finish(forgetting.number)
