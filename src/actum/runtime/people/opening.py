"""Opens the keyring of an application that has personal data, and puts the parts together that use it."""

from collections.abc import Callable

from msgspec.structs import replace

from actum.errors import DefinitionError, KeyMissing
from actum.ports.host import Host
from actum.ports.journal import Journal
from actum.ports.key_service import KeyService
from actum.runtime.catalog import Catalog
from actum.runtime.clock import Clock
from actum.runtime.people.forgetting import Forgetter
from actum.runtime.people.keyring import Keyring
from actum.runtime.people.people import People
from actum.runtime.services import Services


async def open_keyring(
    catalog: Catalog, journal: Journal, service: KeyService | None, clock: Clock, host: Host | None
) -> Keyring | None:
    """Returns the open keyring, or None for an application without personal data.

    Raises DefinitionError where the store has no place for keys of persons, and KeyMissing without a key.
    """
    if not catalog.is_personal:
        return None
    if host is not None or journal.person_keys is None:
        names = ", ".join(
            [name for name, kind in catalog.kinds.items() if kind.personal is not None]
            + [name for name, kind in catalog.workflows.items() if kind.is_personal]
        )
        raise DefinitionError(
            f"{names}: Personal values cannot be sealed in this store, since entities in Durable Objects "
            "decide outside this process, where no keys of persons are: use SQLite, PostgreSQL or DynamoDB"
        )
    if service is None:
        raise KeyMissing("the application has personal data, and there is no key service: set ACTUM_KEY")
    keyring = Keyring(journal.person_keys, service, clock)
    await keyring.open()
    return keyring


def with_people(services: Services, keyring: Keyring, is_first: Callable[[], bool]) -> Services:
    """Returns the services of an application, with those that deal with its personal data."""
    services.feed.prepare = keyring.prepare
    services.workflows.prepare = keyring.prepare
    forgetter = Forgetter(
        keyring,
        journal=services.journal,
        database=services.database,
        directory=services.directory,
        views=services.views,
        turn_out_workflows=services.workflows.turn_out,
        kinds=services.kinds,
        clock=services.clock,
        is_first=is_first,
    )
    return replace(services, people=People(keyring, forgetter))
