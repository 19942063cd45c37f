"""Where an action whose work is split into slices is as a whole, for a store in which it is not split."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from actum.model.event import Stored
from actum.ports.database import SliceState
from actum.ports.journal import Journal
from actum.ports.transfer import Row, Transfer
from actum.runtime.actions.triggers.sliced_source import slice_of_key

PAGE = 4_000


class Whole(Struct):
    """The checkpoint and triggers of an action as a whole; all its slices.

    `is_exact` says that every event up to the checkpoint was handled, and none beyond it.
    """

    checkpoint: int
    triggers: dict[str, int]
    slices: dict[int, SliceState]
    is_exact: bool


async def whole_checkpoints(
    journal: Journal,
    slices: int,
    stored: Mapping[str, Mapping[int, SliceState]],
    base: Mapping[str, SliceState],
) -> dict[str, Whole]:
    """Gives where each action is, given its stored slices, and what is stored for the whole of it.

    A slice that is not stored has not begun, and is where the whole is stored to be.
    """
    found: dict[str, Whole] = {}
    for action, states in stored.items():
        first = base.get(action) or SliceState(0, {})
        every = {number: states.get(number, first) for number in range(slices)}
        checkpoint, is_exact = await _whole(journal, every)
        triggers: dict[str, int] = {}
        for state in every.values():
            for name, position in state.triggers.items():
                triggers[name] = max(position, triggers.get(name, 0))
        found[action] = Whole(checkpoint, triggers, every, is_exact)
    return found


async def _whole(journal: Journal, slices: Mapping[int, SliceState]) -> tuple[int, bool]:
    low = after = min(state.checkpoint for state in slices.values())
    high = max(state.checkpoint for state in slices.values())
    open_from: int | None = None
    while after < high and (page := await journal.feed(after, PAGE)):
        for event in page:
            if event.position > high:
                break
            is_handled = _is_handled(event, slices)
            if is_handled and open_from is not None:
                return low, False
            if is_handled is False and open_from is None:
                open_from = event.position
        after = page[-1].position
    return (high if open_from is None else open_from - 1), True


def _is_handled(event: Stored, slices: Mapping[int, SliceState]) -> bool | None:
    """Says whether an event was handled by its slice; None if nothing was to be done for it."""
    state = slices[slice_of_key(f"{event.kind}/{event.id}", len(slices))]
    applies_beyond = state.triggers.get(event.type)
    if applies_beyond is None or event.position <= applies_beyond:
        return None
    return event.position <= state.checkpoint


async def stored_slices(transfer: Transfer, table: str) -> dict[str, dict[int, SliceState]]:
    """Reads the slices that are stored."""
    found: dict[str, dict[int, SliceState]] = {}
    after: Row | None = None
    while page := await transfer.rows(table, after, PAGE):
        after = page[-1]
        for action, number, position, triggers in page:
            state = SliceState(position, msgspec.json.decode(triggers, type=dict[str, int]))
            found.setdefault(action, {})[number] = state
    return found
