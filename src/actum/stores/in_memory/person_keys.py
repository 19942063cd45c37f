"""Stores the keys of persons in this process, for tests and first steps; nothing outlives it."""

from collections.abc import Sequence

import msgspec

from actum.ports.person_keys import PAGE, ApplicationKey, Forgetting, PersonKey, PersonKeys


class MemoryPersonKeys(PersonKeys):
    """Keys of persons in this process."""

    def __init__(self) -> None:
        self._keys: dict[str, PersonKey] = {}
        self._application: dict[str, ApplicationKey] = {}
        self._forgettings: list[Forgetting] = []
        self._requests: dict[str, None] = {}

    def __repr__(self) -> str:
        return f"<MemoryPersonKeys of {len(self._keys)} persons>"

    async def find(self, persons: Sequence[str]) -> list[PersonKey]:
        return [self._keys[person] for person in persons if person in self._keys]

    async def load(self, ids: Sequence[str]) -> list[PersonKey]:
        wanted = set(ids)
        return [key for key in self._keys.values() if key.id in wanted]

    async def add(self, keys: Sequence[PersonKey]) -> None:
        for key in keys:
            self._keys.setdefault(key.person, key)

    async def page(self, after: str, limit: int = PAGE) -> list[PersonKey]:
        found = sorted((key for key in self._keys.values() if key.id > after), key=lambda key: key.id)
        return found[:limit]

    async def rewrap(self, keys: Sequence[PersonKey]) -> None:
        for key in keys:
            if key.person in self._keys and self._keys[key.person].id == key.id:
                self._keys[key.person] = key

    async def request(self, persons: Sequence[str]) -> None:
        self._requests |= dict.fromkeys(persons)

    async def requests(self) -> list[str]:
        return list(self._requests)[:PAGE]

    async def forget(self, person: str, time: int) -> Forgetting:
        self._keys.pop(person, None)
        self._requests.pop(person, None)
        forgetting = Forgetting(len(self._forgettings) + 1, time, is_done=False)
        self._forgettings.append(forgetting)
        return forgetting

    async def finish(self, number: int) -> None:
        self._forgettings[number - 1] = msgspec.structs.replace(self._forgettings[number - 1], is_done=True)

    async def forgettings(self, after: int = 0, limit: int = PAGE) -> list[Forgetting]:
        return self._forgettings[after : after + limit]

    async def last(self) -> int:
        return len(self._forgettings)

    async def application_keys(self) -> list[ApplicationKey]:
        return sorted(self._application.values(), key=lambda key: (key.time, key.id))

    async def add_application_key(self, key: ApplicationKey) -> None:
        self._application[key.id] = key

    async def remove_application_keys(self, ids: Sequence[str]) -> None:
        used = {key.under for key in self._keys.values()}
        for id in ids:
            if id not in used:
                self._application.pop(id, None)
