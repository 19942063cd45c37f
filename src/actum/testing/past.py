"""The history of an entity in an example, and the instance that its events make."""

from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from actum.model.entity import EntityType
from actum.model.event import Event, Stored, to_microseconds
from actum.model.turn import Emitted, Instance, as_stored

START = datetime(2030, 1, 1, tzinfo=UTC)
"""The time at which tests start, unless they set another."""


class GivenHistory(Struct, frozen=True):
    """The history of one entity. `before` counts the events before those of `history`."""

    kind: EntityType
    id: str
    before: int = 0
    history: tuple[Stored, ...] = ()
    time: int = to_microseconds(START)

    @property
    def version(self) -> int:
        """The number of events so far."""
        return self.before + len(self.history)

    def then(self, emitted: list[Emitted]) -> "GivenHistory":
        """Gives the history after a turn that emitted these events now."""
        added = as_stored(self.kind.name, self.id, self.version, emitted, self.time)
        return replace(self, history=(*self.history, *added))

    def fold(self) -> Instance:
        """Folds the events into an entity."""
        instance = Instance(self.kind, self.id)
        instance.version = self.before
        instance.replay(self.history)
        return instance

    def events(self) -> list[Event]:
        """Gives the events as they are read back."""
        by_name = self.kind.by_name
        return [by_name[one.type].event_type.read(one.payload, one.type_version) for one in self.history]
