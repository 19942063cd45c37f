"""The checkpoint of a whole action is computed from its slices where nothing is done twice or left out."""

import pytest

from actum.operations.moves.whole_checkpoints import Whole, whole_checkpoints
from actum.ports.database import SliceState
from actum.ports.journal import Write
from actum.runtime.actions.triggers.sliced_source import slice_of_key
from actum.stores.memory import MemoryJournal

SLICES = 4
WANTED = {"Booked": 0}


@pytest.fixture
async def journal() -> MemoryJournal:
    """Events at the positions 1 to 40, of eight accounts by turns; every fifth is of a type not wanted."""
    found = MemoryJournal()
    versions: dict[str, int] = {}
    for position in range(1, 41):
        id = f"a-{position % 8}"
        type_ = "Noted" if position % 5 == 0 else "Booked"
        version = versions.get(id, 0)
        await found.append([Write("Account", id, version, [(type_, 1, b"{}")], b"{}", position)])
        versions[id] = version + 1
    return found


def slice_at(position: int) -> int:
    return slice_of_key(f"Account/a-{position % 8}", SLICES)


async def whole(journal: MemoryJournal, *checkpoints: int, base: int = 0) -> Whole:
    """The action with these checkpoints; the slices after them have not begun."""
    stored = {number: SliceState(checkpoint, WANTED) for number, checkpoint in enumerate(checkpoints)}
    found = await whole_checkpoints(journal, SLICES, {"print": stored}, {"print": SliceState(base, WANTED)})
    return found["print"]


async def test_slices_at_one_event_are_there_as_a_whole(journal: MemoryJournal) -> None:
    found = await whole(journal, 17, 17, 17, 17)

    assert (found.checkpoint, found.is_exact, found.triggers) == (17, True, WANTED)


async def test_a_slice_that_had_nothing_more_to_do_holds_nothing_back(journal: MemoryJournal) -> None:
    """It is behind the others, and no event between is its own."""
    mine = slice_at(20)
    last = max(position for position in range(1, 30) if slice_at(position) == mine and position % 5)
    end = min(position for position in range(last + 1, 60) if slice_at(position) == mine and position % 5) - 1
    checkpoints = [end] * SLICES
    checkpoints[mine] = last

    found = await whole(journal, *checkpoints)

    assert (found.checkpoint, found.is_exact) == (end, True)


async def test_what_was_not_handled_yet_is_where_it_goes_on_if_nothing_beyond_it_was(
    journal: MemoryJournal,
) -> None:
    found = await whole(journal, 11, 11, 11, 11)
    assert found.checkpoint == 11
    behind = [12] * SLICES
    behind[slice_at(12)] = 11

    found = await whole(journal, *behind)

    assert (found.checkpoint, found.is_exact) == (11, True)


async def test_a_slice_that_is_ahead_of_another_has_no_whole(journal: MemoryJournal) -> None:
    checkpoints = [40] * SLICES
    checkpoints[slice_at(3)] = 2

    found = await whole(journal, *checkpoints)

    assert (found.checkpoint, found.is_exact) == (2, False)


async def test_a_slice_that_has_not_begun_is_where_the_whole_was(journal: MemoryJournal) -> None:
    found = await whole(journal, 6, 6, base=6)

    assert (found.checkpoint, found.is_exact) == (6, True)
    assert {state.checkpoint for state in found.slices.values()} == {6}
    assert len(found.slices) == SLICES
