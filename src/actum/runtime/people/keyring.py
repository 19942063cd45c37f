"""The keyring: the keys of persons that this process has open, found, made and destroyed."""

import asyncio
import base64
import os
from collections.abc import Callable, Collection, Sequence
from typing import Any

from actum.model.people import open_keys
from actum.model.people.open_keys import Open, key_ids_in
from actum.model.people.sealing import SealedType
from actum.ports.key_service import Cipher, KeyService
from actum.ports.person_keys import PAGE, ApplicationKey, Forgetting, PersonKey, PersonKeys
from actum.runtime.clock import Clock

NONCE = 12
KEY_BYTES = 32
ID_BYTES = 16
MAX_PERSONS: int = 100_000
"""Persons whose keys are at hand for sealing; the first to be looked up are the first to go."""
ANSWERS = "$answers"
"""Whose key seals the answers that are stored for requests: they are text, and belong to several persons."""


class Keyring:
    """The keys of persons, each sealed in the store under a key of the application."""

    def __init__(self, store: PersonKeys, service: KeyService, clock: Clock) -> None:
        self.store = store
        self.service = service
        self._clock = clock
        self._persons: dict[str, tuple[str, Cipher]] = {}
        self._application: dict[str, Cipher] = {}
        self._current = ""
        self._opened: set[str] = set()
        self._lock = asyncio.Lock()
        self._closed = 0

    def __repr__(self) -> str:
        return f"<Keyring of {len(self._persons)} persons>"

    async def open(self) -> None:
        """Opens the application's keys; makes one for a new store. Raises KeyMissing for another key."""
        keys = await self.store.application_keys()
        if not keys:
            await self._add_application_key()
            keys = await self.store.application_keys()
        for key in keys:
            self._application[key.id] = self.service.cipher(await self.service.unwrap(key.wrapped))
        self._current = keys[-1].id

    async def ensure(self, persons: Collection[str], *, makes_new: bool = True) -> None:
        """Has the keys of persons at hand, and durable: those who have none get one, if it `makes_new`."""
        wanted = [person for person in persons if person not in self._persons]
        if not wanted:
            return
        async with self._lock:
            while True:
                closed = self._closed
                found = await (self._found_or_made if makes_new else self.store.find)(wanted)
                ciphers = [(key, await self._cipher(key)) for key in found]
                if closed == self._closed:
                    break  # Otherwise one of them may have been destroyed meanwhile.
            for key, cipher in ciphers:
                self._keep(key.id, cipher)
                self._persons[key.person] = key.id, cipher
            while len(self._persons) > max(MAX_PERSONS, len(wanted)):
                del self._persons[next(iter(self._persons))]

    def key_of(self, person: str) -> str | None:
        """Returns the id of a person's key; None if it is not at hand."""
        found = self._persons.get(person)
        return None if found is None else found[0]

    def seal(self, person: str, value: bytes) -> str:
        """Seals a value under a person's key, which is at hand."""
        id, key = self._persons[person]
        nonce = os.urandom(NONCE)
        body = nonce + key.encrypt(nonce, value, id.encode())
        return f"{id}.{base64.urlsafe_b64encode(body).decode().rstrip('=')}"

    async def sealed(self, sealed: SealedType, value: Any, person: str) -> bytes:
        """Returns a value as JSON, with its personal values sealed; `person` owns those that name nobody."""
        await self.ensure(sealed.persons(value, person))
        return sealed.seal(value, person, self.seal)

    async def prepare(self, *texts: bytes) -> None:
        """Has the keys open under which values within these texts are sealed."""
        await self.prepare_keys(key_ids_in(*texts))

    async def prepare_keys(self, ids: Collection[str]) -> None:
        """Has keys open; those that do not exist are known to be destroyed afterwards."""
        # Another keyring of this process, of the same store, may have opened some of them.
        self._opened.update(ids)
        while wanted := list(open_keys.missing(ids)):
            closed = self._closed
            found = {key.id: await self._cipher(key) for key in await self.store.load(wanted)}
            if closed == self._closed:
                for id in wanted:
                    self._keep(id, found.get(id))

    async def forget(self, person: str) -> Forgetting:
        """Destroys a person's key in the store; `verify` closes it here."""
        return await self.store.forget(person, self._clock.now())

    async def verify(self) -> None:
        """Closes the keys that have been destroyed since they were opened, here or by another process."""
        self._closed += 1
        self._opened = {id for id in self._opened if open_keys.is_open(id)}
        ids = list(self._opened)
        for first in range(0, len(ids), PAGE):
            some = ids[first : first + PAGE]
            left = {key.id for key in await self.store.load(some)}
            for id in some:
                if id not in left:
                    self._keep(id, None)
        self._closed += 1
        gone = {person for person, (id, _) in self._persons.items() if open_keys.is_destroyed(id)}
        for person in gone:
            del self._persons[person]

    def close(self) -> None:
        """Closes every key that this keyring has opened."""
        self._closed += 1
        open_keys.close(self._opened)
        self._opened.clear()
        self._persons.clear()

    async def rotate(self, progress: Callable[[int], object] = lambda count: None) -> int:
        """Seals the keys of all persons under a new key of the application; gives how many there were.

        Keys of the application that no person's key is sealed under any more are removed. It can be repeated.
        """
        before = [key.id for key in await self.store.application_keys()]
        await self._add_application_key()
        await self.open()
        count, after = 0, ""
        while page := await self.store.page(after):
            after = page[-1].id
            await self.store.rewrap([await self._rewrapped(key) for key in page])
            count += len(page)
            progress(count)
        await self.store.remove_application_keys(before)
        return count

    async def _found_or_made(self, persons: Sequence[str]) -> list[PersonKey]:
        found = await self.store.find(persons)
        known = {key.person for key in found}
        new = [self._made(person) for person in persons if person not in known]
        if new:
            await self.store.add(new)
            # Another process may have been first with one.
            found += await self.store.find([key.person for key in new])
        return found

    async def _add_application_key(self) -> None:
        wrapped = await self.service.wrap(os.urandom(KEY_BYTES))
        await self.store.add_application_key(ApplicationKey(_new_id(), wrapped, self._clock.now()))

    def _made(self, person: str) -> PersonKey:
        return self._wrapped(person, _new_id(), os.urandom(KEY_BYTES))

    def _wrapped(self, person: str, id: str, key: bytes) -> PersonKey:
        nonce = os.urandom(NONCE)
        wrapped = nonce + self._application[self._current].encrypt(nonce, key, id.encode())
        return PersonKey(person, id, wrapped, self._current)

    async def _rewrapped(self, key: PersonKey) -> PersonKey:
        return self._wrapped(key.person, key.id, await self._unwrapped(key))

    async def _unwrapped(self, key: PersonKey) -> bytes:
        if key.under not in self._application:
            # Another process has rotated the application's keys.
            await self.open()
        nonce, body = key.wrapped[:NONCE], key.wrapped[NONCE:]
        return self._application[key.under].decrypt(nonce, body, key.id.encode())

    async def _cipher(self, key: PersonKey) -> Cipher:
        return self.service.cipher(await self._unwrapped(key))

    def _keep(self, id: str, cipher: Cipher | None) -> None:
        """Opens a key for this process, or (None) notes that it was destroyed."""
        open_keys.keep_open(id, None if cipher is None else _opener(id, cipher))
        self._opened.add(id)


def _new_id() -> str:
    return base64.urlsafe_b64encode(os.urandom(ID_BYTES)).decode().rstrip("=")


def _opener(id: str, cipher: Cipher) -> Open:
    named = id.encode()

    def open_value(body: bytes) -> bytes:
        sealed = base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4))
        return cipher.decrypt(sealed[:NONCE], sealed[NONCE:], named)

    return open_value
