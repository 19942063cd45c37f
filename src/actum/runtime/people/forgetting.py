"""Forgetting: a person's key is destroyed, and then everything that was derived from the person's data."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence

from actum.errors import Invalid, TryLater
from actum.model.entity import EntityType
from actum.model.people.of_entity import ID
from actum.model.view import ViewType
from actum.ports.database import Database
from actum.ports.journal import Journal
from actum.ports.person_keys import Forgetting
from actum.runtime.clock import Clock
from actum.runtime.entities.directory import Directory
from actum.runtime.keys.kept_answers import erase_parts
from actum.runtime.people.keyring import ANSWERS, Keyring
from actum.runtime.views.reading import Views

POLL = 1.0
"""Seconds between two looks for what other processes have forgotten."""

log: logging.Logger = logging.getLogger("actum.people")


class Forgetter:
    """Forgets persons, and follows what other processes of the application forget.

    A forgetting is recorded with the destruction of the key, and done when the views that held data of the
    person are rebuilt; the next start continues one that was interrupted.
    """

    def __init__(
        self,
        keyring: Keyring,
        *,
        journal: Journal,
        database: Database,
        directory: Directory,
        views: Views,
        turn_out_workflows: Callable[[], None],
        kinds: Mapping[str, EntityType],
        clock: Clock,
        is_first: Callable[[], bool],
    ) -> None:
        """Takes the parts of an application; `is_first` says whether this process answers requests.

        `turn_out_workflows` has workflows that hold personal data leave memory, and go on without it.
        """
        self._is_first = is_first
        self._keyring = keyring
        self._journal = journal
        self._database = database
        self._directory = directory
        self._views = views
        self._turn_out_workflows = turn_out_workflows
        self._clock = clock
        self._personal = {name for name, kind in kinds.items() if kind.personal is not None}
        self._own_kinds = own_kinds(kinds)
        self._seen = 0
        self._carrying_out = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<Forgetter, after {self._seen}>"

    async def begin(self) -> None:
        """Begins to follow from now on."""
        self._seen = await self._keyring.store.last()

    async def forget(self, persons: Sequence[str]) -> None:
        """Forgets persons; returns when nothing is left of their personal data."""
        check_persons(persons)
        names = [f"{kind}/{person}" for person in persons for kind in self._own_kinds]
        # Before the keys: if this is interrupted, nobody knows afterwards whose answers they were.
        await erase_parts(self._journal, names, self._clock.now())
        found = [await self._keyring.forget(person) for person in persons]
        await self._free_memory()
        await self._carry_out(found, names)

    async def run(self) -> None:
        """Follows what other processes forget, and finishes what was interrupted, until cancelled."""
        await self._finish_interrupted()
        while True:
            await asyncio.sleep(POLL)
            try:
                if await self._keyring.store.last() > self._seen:
                    await self.follow()
                if self._is_first() and (asked := await self._keyring.store.requests()):
                    await self.forget(asked)
            except TryLater as error:
                log.warning("cannot see who was forgotten: %s", error)

    async def follow(self) -> None:
        """Closes the keys that were destroyed since the last look, and drops what was read with them."""
        await self._free_memory()
        await self._finish_interrupted()

    async def _free_memory(self) -> None:
        seen = await self._keyring.store.last()
        await self._keyring.verify()
        self._turn_out_workflows()
        await self._directory.turn_out_all(self._personal)
        self._seen = max(seen, self._seen)

    async def _finish_interrupted(self) -> None:
        if self._carrying_out.locked():
            return
        if left := await self._keyring.store.unfinished():
            await self._free_memory()
            await self._carry_out(left, [])

    async def _carry_out(self, forgettings: Sequence[Forgetting], names: Sequence[str]) -> None:
        async with self._carrying_out:
            await erase_parts(self._journal, names, self._clock.now())
            await self._views.rebuild_all(personal_views(self._views.declared))
            await self._database.scrub()
            for forgetting in forgettings:
                await self._keyring.store.finish(forgetting.number)
            log.info("persons forgotten: %d", len(forgettings))


def check_persons(persons: Collection[str]) -> None:
    """Raises Invalid for what cannot be persons' ids."""
    if not persons:
        raise Invalid("forget needs the id of a person at least")
    for person in persons:
        if not person or person == ANSWERS:
            raise Invalid(f"{person!r} is no id of a person", field="person")


def own_kinds(kinds: Mapping[str, EntityType]) -> list[str]:
    """Returns the kinds whose ids are those of persons."""
    return [name for name, kind in kinds.items() if kind.personal is not None and kind.personal.person == ID]


def personal_views(views: Mapping[str, ViewType]) -> list[ViewType]:
    """Returns the views that are made from personal data: their rows may hold it, whatever their columns."""
    return [
        view
        for view in views.values()
        if any(reduction.event_type.sealed is not None for reduction in view.reductions.values())
    ]
