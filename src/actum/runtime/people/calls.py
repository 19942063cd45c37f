"""Calls that are stored before they are made: their personal arguments are sealed."""

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec.structs import replace

from actum.model.entity import EntityType
from actum.model.people.sealing import SealedType
from actum.ports.database import NewTimer


class Sealing(Protocol):
    """What seals personal data in a running application."""

    async def sealed(self, sealed: SealedType, value: Any, person: str) -> bytes:
        """Returns a value as JSON, with its personal values sealed."""
        ...


class HasPeople(Protocol):
    """The services of an application, as far as they are of interest here."""

    @property
    def kinds(self) -> Mapping[str, EntityType]: ...

    @property
    def people(self) -> Sealing | None: ...


async def sealed_timer(services: HasPeople, timer: NewTimer, arguments: tuple[Any, ...]) -> NewTimer:
    """Returns a timer with the arguments of its command sealed, as far as they are personal.

    Raises Invalid for personal arguments that belong to nobody.
    """
    kind = services.kinds[timer.kind]
    signature = kind.commands[timer.command].signature
    if signature.sealed is None or kind.personal is None or services.people is None:
        return timer
    owner = kind.personal.owner_of_call(timer.entity_id, signature, arguments)
    value = signature.arguments(*arguments)
    return replace(timer, arguments=await services.people.sealed(signature.sealed, value, owner))
