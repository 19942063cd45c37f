"""The suite for rows that are set aside, and for the events that wait for them."""

from typing import Any

import pytest

from actum.conformance.database.tables import BALANCES, CHANGED, Balances, kept, write
from actum.errors import StaleWrite
from actum.ports.database import AsideChanges, Database, NewSetAside, SetAside

ANN = NewSetAside('"ann"', 12, "it failed", 1_000)
BOB = NewSetAside('"b\\u0000b"', 13, "so did this", 2_000)
LONG = NewSetAside(f'"{"x" * 9_000}"', 14, "and this", 3_000)


async def aside(database: Database, *, before: int = 10, checkpoint: int = 20, **changes: Any) -> None:
    """Writes changes among the rows of the first generation that are set aside."""
    await database.project(
        BALANCES,
        1,
        before=before,
        checkpoint=checkpoint,
        written=(),
        deleted=(),
        aside=AsideChanges(**changes),
    )


class SettingAsideConformance:
    """Rows are set aside together with rows and checkpoint, until freed, or their generation is dropped."""

    async def test_what_is_set_aside_is_kept_with_its_waiting_events(self, database: Database) -> None:
        await write(database, BALANCES, Balances("a", "ann", 3))
        waits = ((ANN.key, 12), (ANN.key, 15), (BOB.key, 13), (ANN.key, 2**40), (LONG.key, 14))

        await aside(database, set_aside=(BOB, ANN, LONG), waits=waits)

        assert await database.set_aside() == [
            SetAside("balances", 1, ANN.key, 12, "it failed", 1_000, False, 3),
            SetAside("balances", 1, BOB.key, 13, "so did this", 2_000, False, 1),
            SetAside("balances", 1, LONG.key, 14, "and this", 3_000, False, 1),
        ]
        assert await database.waiting("balances", 1, ANN.key, 10) == [12, 15, 2**40]
        assert await database.waiting("balances", 1, ANN.key, 2) == [12, 15]
        assert await database.count_set_aside("balances", 1) == 3
        assert await database.count_set_aside("balances", 2) == 0
        assert await database.held("balances", 1, ['"a"', LONG.key, BOB.key]) == {BOB.key, LONG.key}
        assert await database.held("balances", 2, [ANN.key]) == set()
        assert [row.key for row in await database.set_aside("balances", 1, limit=1)] == [ANN.key]

    async def test_what_is_set_aside_again_keeps_since_when(self, database: Database) -> None:
        await write(database, BALANCES)
        await aside(database, set_aside=(ANN,), waits=((ANN.key, 12), (ANN.key, 15)))
        await database.request_retry("balances", ANN.key)
        again = NewSetAside(ANN.key, 15, "it failed again", 9_000)

        await aside(database, before=20, set_aside=(again,), done=((ANN.key, 14),))

        row = SetAside("balances", 1, ANN.key, 15, "it failed again", 1_000, False, 1)
        assert await database.set_aside() == [row]
        assert await database.waiting("balances", 1, ANN.key, 10) == [15]

    async def test_a_row_that_is_freed_is_gone_and_others_stay(self, database: Database) -> None:
        await write(database, BALANCES)
        await aside(database, set_aside=(ANN, BOB), waits=((ANN.key, 12), (BOB.key, 13)))

        await aside(database, before=20, freed=(ANN.key,))

        assert [row.key for row in await database.set_aside()] == [BOB.key]
        assert await database.waiting("balances", 1, ANN.key, 10) == []
        assert await database.waiting("balances", 1, BOB.key, 10) == [13]

    async def test_a_retry_is_asked_for_one_row_or_for_all(self, database: Database) -> None:
        await write(database, BALANCES)
        await aside(database, set_aside=(ANN, BOB))

        one = await database.request_retry("balances", BOB.key)
        asked = await database.set_aside("balances", 1, is_asked=True)
        left = await database.set_aside(is_asked=False)

        assert (one, [row.key for row in asked], [row.key for row in left]) == (1, [BOB.key], [ANN.key])
        assert await database.request_retry("balances", '"nobody"') == 0
        assert await database.request_retry("activity") == 0
        assert await database.request_retry("balances") == 2

    async def test_nothing_is_set_aside_from_another_checkpoint(self, database: Database) -> None:
        await write(database, BALANCES, checkpoint=10)

        with pytest.raises(StaleWrite):
            await aside(database, before=9, set_aside=(ANN,), waits=((ANN.key, 12),))

        assert await database.set_aside() == []
        assert await database.waiting("balances", 1, ANN.key, 10) == []

    async def test_what_is_set_aside_goes_with_its_generation(self, database: Database) -> None:
        await write(database, BALANCES)
        await aside(database, set_aside=(ANN,), waits=((ANN.key, 12),))
        changed = await database.prepare_view(CHANGED)

        await database.promote_view(CHANGED, changed.generation)

        assert await database.set_aside() == []
        assert await database.waiting("balances", 1, ANN.key, 10) == []

    async def test_rows_are_tried_out_and_none_is_written(self, database: Database) -> None:
        state = await write(database, BALANCES, Balances("a", "ann", 3))
        rows: list[tuple[Any, ...]] = [("a", "amy", 9), ("z", None, 1), ("b", "bob", 4), ("s", "\ud800", 1)]

        refusals = await database.refusals(BALANCES, 1, rows)

        assert [bool(why) for why in refusals] == [False, True, False, True]
        assert "balances" in refusals[1]
        assert await kept(database, BALANCES, state, "a", "b", "z") == {"a": Balances("a", "ann", 3)}
        assert [view.checkpoint for view in await database.views()] == [10]

    async def test_rows_of_a_generation_that_is_gone_cannot_be_tried_out(self, database: Database) -> None:
        await write(database, BALANCES)
        changed = await database.prepare_view(CHANGED)
        await database.promote_view(CHANGED, changed.generation)

        with pytest.raises(StaleWrite):
            await database.refusals(BALANCES, 1, [("a", "ann", 3)])
