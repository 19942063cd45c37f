"""Which entities were erased lately, for those who hold an event or a message of one."""

from actum.model.event import Stored
from actum.ports.journal import StreamKey

MAX_REMEMBERED = 20_000


class RecentErasures:
    """The entities that this process knows to have been erased, the last so many; `count` counts them all."""

    def __init__(self) -> None:
        self.count: int = 0
        self._positions: dict[StreamKey, int] = {}
        self._times: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<RecentErasures, {len(self._positions)} entities>"

    def note(self, stream: StreamKey, position: int, time: int) -> None:
        """Records that an entity was erased at a position and a time (microseconds since 1970)."""
        self.count += 1
        kind, id = stream
        self._positions.pop(stream, None)
        self._positions[stream] = position
        for key in (id, f"{kind}/{id}"):
            self._times.pop(key, None)
            self._times[key] = time
        if len(self._positions) > MAX_REMEMBERED:
            del self._positions[next(iter(self._positions))]
        while len(self._times) > 2 * MAX_REMEMBERED:
            del self._times[next(iter(self._times))]

    def has(self, kind: str, id: str, position: int) -> bool:
        """Whether an entity was erased after a position, as far as is known."""
        positions = self._positions
        return bool(positions) and positions.get((kind, id), 0) > position

    def had(self, stored: Stored) -> bool:
        """Whether an event's entity was erased after it, as far as is known."""
        return self.has(stored.kind, stored.id, stored.position)

    def may_have(self, key: str | None, time: int) -> bool:
        """Whether a key, of a message of that time, is that of an entity which was erased since."""
        times = self._times
        return bool(times) and key is not None and times.get(key, -1) >= time
