"""What a running application has for personal data: its keyring, and what forgets."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from actum.model.people.sealing import SealedType
from actum.runtime.people.forgetting import Forgetter
from actum.runtime.people.keyring import Keyring


class People(Struct, frozen=True):
    """The parts that deal with personal data."""

    keyring: Keyring
    forgetter: Forgetter

    async def prepare(self, *texts: bytes) -> None:
        """Has the keys open under which values within these texts are sealed."""
        await self.keyring.prepare(*texts)

    async def sealed(self, sealed: SealedType, value: Any, person: str) -> bytes:
        """Returns a value as JSON, with its personal values sealed; `person` owns those that name nobody."""
        return await self.keyring.sealed(sealed, value, person)

    async def forget(self, persons: Sequence[str]) -> None:
        """Forgets persons; returns when nothing is left of their personal data."""
        await self.forgetter.forget(persons)
