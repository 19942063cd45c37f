"""Seals what one workflow records: results, signals, and what its errors say."""

from typing import Any

from actum.model.people.sealing import SealedType
from actum.runtime.people.keyring import Keyring
from actum.runtime.workflows.run.outcome import KeptError, said_in, without_words


class RecordSealer:
    """Seals under the keys that persons had when the workflow first used them, since it was loaded.

    A person who is forgotten meanwhile stays forgotten: nothing of what the workflow still has in memory is
    sealed under the key of a person who comes back. `owner` is the person of the workflow, "" for none.
    """

    def __init__(self, keyring: Keyring) -> None:
        self.owner: str = ""
        self.is_used: bool = False
        """Whether the workflow has met personal data."""
        self._keyring = keyring
        self._keys: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"<RecordSealer of {len(self._keys)} persons>"

    async def begin(self, owner: str) -> None:
        """Begins for a workflow of a person, with the key that the person has now, if there is one."""
        self.owner, self.is_used = owner, True
        if not owner:
            return
        await self._keyring.ensure([owner], makes_new=False)
        key = self._keyring.key_of(owner)
        if key is not None:
            self._keys[owner] = key

    async def seal(self, sealed: SealedType, value: Any, owner: str = "") -> bytes:
        """Returns a value as JSON, with its personal values sealed; `owner` has those that name nobody.

        Raises Invalid for a value that belongs to nobody.
        """
        self.is_used = True
        owner = owner or self.owner
        await self._keyring.ensure(sealed.persons(value, owner))
        # No await below, so that no key is closed in between.
        return sealed.seal(value, owner, self._seal)

    async def seal_error(self, error: KeptError) -> KeptError:
        """Returns an error whose message and facts are sealed; without an owner, they are left out."""
        if not self.owner:
            return without_words(error)
        await self._keyring.ensure([self.owner])
        return without_words(error, self._seal(self.owner, said_in(error)))

    def _seal(self, person: str, value: bytes) -> str:
        key = self._keyring.key_of(person) or ""
        return self._keyring.seal(person, value) if self._keys.setdefault(person, key) == key else ""
