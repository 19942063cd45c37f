"""What an entity in an example has been through, and the instance that comes of it."""

from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from actum.model.entity import EntityType
from actum.model.event import Event, Stored, to_microseconds
from actum.model.turn import Emitted, Instance, as_stored

START = datetime(2030, 1, 1, tzinfo=UTC)
"""When time begins in tests, unless they say otherwise."""


class GivenHistory(Struct, frozen=True):
    """The history of one entity. `before` counts the events that came before those that are told."""

    kind: EntityType
    id: str
    before: int = 0
    history: tuple[Stored, ...] = ()
    time: int = to_microseconds(START)

    @property
    def version(self) -> int:
        """How many events there have been."""
        return self.before + len(self.history)

    def then(self, emitted: list[Emitted]) -> "GivenHistory":
        """Gives the past after a turn that emitted these events now."""
        added = as_stored(self.kind.name, self.id, self.version, emitted, self.time)
        return replace(self, history=(*self.history, *added))

    def fold(self) -> Instance:
        """Gives the entity that this past makes."""
        instance = Instance(self.kind, self.id)
        instance.version = self.before
        instance.replay(self.history)
        return instance

    def events(self) -> list[Event]:
        """Gives what has happened, as it is read back."""
        by_name = self.kind.by_name
        return [by_name[one.type].event_type.read(one.payload, one.type_version) for one in self.history]
