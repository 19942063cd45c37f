"""Calls that are stored before they are made: their personal arguments are sealed."""

from typing import Any, Protocol

from actum.model.entity import EntityType
from actum.model.people.sealing import SealedType
from actum.model.signature import Signature


class Sealing(Protocol):
    """What seals personal data in a running application."""

    async def sealed(self, sealed: SealedType, value: Any, person: str) -> bytes:
        """Returns a value as JSON, with its personal values sealed."""
        ...


class HasPeople(Protocol):
    """The services of an application, as far as they are of interest here."""

    @property
    def people(self) -> Sealing | None: ...


async def sealed_arguments(
    services: HasPeople, kind: EntityType, id: str, signature: Signature, arguments: tuple[Any, ...]
) -> bytes | None:
    """Returns a command's arguments as JSON, sealed; None where nothing of them is personal.

    Raises Invalid for personal arguments that belong to nobody.
    """
    if signature.sealed is None or kind.personal is None or services.people is None:
        return None
    owner = kind.personal.owner_of_call(id, signature, arguments)
    return await services.people.sealed(signature.sealed, signature.arguments(*arguments), owner)
