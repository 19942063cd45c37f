"""Where events are in a store that gives them other positions, and what refers to positions."""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence

from actum.errors import StoreError
from actum.model.event import Stored
from actum.ports.transfer import Row
from actum.runtime.actions.action_names import part_of

REFERRING = {
    "replies": ("position",),
    "checkpoints": ("position",),
    "timers": ("position",),
    "erasures": ("since", "position"),
}
"""The columns of each table that hold positions of events; those of letters and triggers are not all such."""
CHECKPOINTS, TRIGGERS, LETTERS = "checkpoints", "triggers", "letters"


class Positions:
    """The positions that events had, in their order, and those that they have now: 16 bytes an event."""

    def __init__(self) -> None:
        self._before = array("q")
        self._now = array("q")

    def __repr__(self) -> str:
        return f"<Positions of {len(self._before):,} events>"

    def add(self, events: Iterable[Stored], now: Iterable[int]) -> None:
        """Notes events that follow."""
        self._before.extend(event.position for event in events)
        self._now.extend(now)

    def of(self, position: int) -> int:
        """Gives the position now of the last event that was at a position or before; 0 if there is none."""
        place = bisect_right(self._before, position)
        return self._now[place - 1] if place else 0

    def translated(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> Sequence[Row]:
        """Gives rows with the positions of now."""
        names = REFERRING.get(table)
        if table == TRIGGERS:
            # Others have a span there.
            return [
                (action, name, self.of(position) if not action.startswith("$") else position)
                for action, name, position in rows
            ]
        if names is None:
            return rows
        places = [list(columns).index(name) for name in names]
        return [_replaced(row, places, self.of) for row in rows]


class OpenEvents:
    """Finds events that an action has not handled, given what is stored of its progress.

    What it sends for one carries keys that are made from the position. With another position they would not
    be recognised, should the action have sent something already.
    """

    def __init__(self, checkpoints: Collection[Row], triggers: Collection[Row]) -> None:
        self._reached: dict[str, int] = {action: position for action, position in checkpoints}  # noqa: C416
        self._wanted: dict[str, list[tuple[str, int]]] = {}
        for action, type_, beyond in triggers:
            if action in self._reached:
                self._wanted.setdefault(type_, []).append((action, max(beyond, self._reached[action])))

    def __repr__(self) -> str:
        return f"<OpenEvents of {len(self._reached)} actions>"

    def check(self, events: Iterable[Stored], name: str) -> None:
        """Raises StoreError for an event that an action has not handled."""
        wanted = self._wanted
        for event in events:
            for action, reached in wanted.get(event.type, ()):
                if event.position > reached:
                    raise StoreError(
                        f"the action {action} has not handled all events, and in {name} they get other "
                        "positions, by which it could not tell what it has done for them already: start the "
                        "application where it was, let its actions catch up, stop it, and export it again"
                    )


def check_letters(columns: Sequence[str], rows: Iterable[Row], name: str) -> None:
    """Raises StoreError for a letter of an event, which would not find it under another position."""
    action = list(columns).index("action")
    for row in rows:
        if part_of(row[action]) == "action":
            raise StoreError(
                f"there are letters of the action {row[action]}, and in {name} their events get other "
                "positions: retry or skip them where they are (`actum dead-letters`), or leave letters out "
                "with `--without letters`"
            )


def _replaced(row: Row, places: Sequence[int], of: Callable[[int], int]) -> Row:
    values = list(row)
    for place in places:
        values[place] = of(values[place])
    return tuple(values)
