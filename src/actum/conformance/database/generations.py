"""The suite for the generations of views."""

import asyncio

import pytest

from actum.conformance.database.tables import (
    ACTIVITY,
    BALANCES,
    CHANGED,
    Balances,
    ChangedBalances,
    owners,
    write,
)
from actum.errors import StaleWrite, Unavailable
from actum.ports.database import Database, ViewState


class GenerationConformance:
    """Generations are created, promoted and dropped, and each is written by one process."""

    async def test_a_view_starts_empty_live_and_at_checkpoint_0(self, database: Database) -> None:
        state = await database.prepare_view(BALANCES)

        assert state == ViewState("balances", 1, BALANCES.fingerprint, 0, True)
        assert await owners(database) == []

    async def test_a_view_that_is_prepared_again_is_the_same(self, database: Database) -> None:
        await write(database, BALANCES, Balances("a", "ann", 3), checkpoint=17)

        state = await database.prepare_view(BALANCES)

        assert state == ViewState("balances", 1, BALANCES.fingerprint, 17, True)
        assert await owners(database) == ["ann"]

    async def test_a_view_that_is_prepared_twice_at_once_has_one_generation(self, database: Database) -> None:
        states = await asyncio.gather(*(database.prepare_view(BALANCES) for _ in range(4)))

        assert {state.generation for state in states} == {1}

    async def test_a_changed_view_is_built_beside_the_live_one(self, database: Database) -> None:
        await write(database, BALANCES, Balances("a", "ann", 3), checkpoint=17)

        state = await database.prepare_view(CHANGED)

        assert state == ViewState("balances", 2, CHANGED.fingerprint, 0, False)
        assert await owners(database) == ["ann"]

    async def test_the_live_view_answers_while_another_generation_is_filled(self, database: Database) -> None:
        await write(database, BALANCES, Balances("a", "ann", 3))
        await write(database, CHANGED, ChangedBalances("a", "amy", 3, "north"))

        assert await owners(database) == ["ann"]

    async def test_a_promoted_generation_answers_and_every_other_is_gone(self, database: Database) -> None:
        await write(database, BALANCES, Balances("a", "ann", 3))
        changed = await write(database, CHANGED, ChangedBalances("a", "amy", 3, "north"), checkpoint=19)

        await database.promote_view(CHANGED, changed.generation)

        assert await database.views() == [ViewState("balances", 2, CHANGED.fingerprint, 19, True)]
        assert await owners(database) == ["amy"]
        answer = await database.ask("SELECT branch FROM balances", {}, most=5)
        assert answer.rows == [("north",)]

    async def test_promoting_the_live_generation_changes_nothing(self, database: Database) -> None:
        state = await write(database, BALANCES, Balances("a", "ann", 3), checkpoint=19)

        for _ in range(2):
            await database.promote_view(BALANCES, state.generation)

        assert await database.views() == [ViewState("balances", 1, BALANCES.fingerprint, 19, True)]
        assert await owners(database) == ["ann"]

    async def test_promoting_one_view_leaves_the_others(self, database: Database) -> None:
        await database.prepare_view(ACTIVITY)
        await database.prepare_view(BALANCES)
        changed = await database.prepare_view(CHANGED)

        await database.promote_view(CHANGED, changed.generation)

        assert [(state.name, state.generation) for state in await database.views()] == [
            ("activity", 1),
            ("balances", 2),
        ]

    async def test_a_generation_that_is_gone_cannot_be_promoted(self, database: Database) -> None:
        live = await write(database, BALANCES, Balances("a", "ann", 3))
        changed = await database.prepare_view(CHANGED)
        await database.promote_view(CHANGED, changed.generation)

        with pytest.raises(StaleWrite):
            await database.promote_view(BALANCES, live.generation)

        assert [state.generation for state in await database.views()] == [2]

    async def test_a_generation_that_is_gone_cannot_be_written(self, database: Database) -> None:
        live = await write(database, BALANCES, Balances("a", "ann", 3), checkpoint=17)
        changed = await database.prepare_view(CHANGED)
        await database.promote_view(CHANGED, changed.generation)

        with pytest.raises(StaleWrite):
            await database.project(
                BALANCES, live.generation, before=17, checkpoint=18, written=[("b", "bob", 1)], deleted=()
            )

    async def test_a_generation_that_is_gone_cannot_be_read(self, database: Database) -> None:
        live = await write(database, BALANCES, Balances("a", "ann", 3))
        changed = await database.prepare_view(CHANGED)
        await database.promote_view(CHANGED, changed.generation)

        with pytest.raises(StaleWrite):
            await database.rows(BALANCES, live.generation, ["a"])

    async def test_going_back_to_an_older_declaration_builds_it_anew(self, database: Database) -> None:
        await write(database, BALANCES, Balances("a", "ann", 3))
        changed = await database.prepare_view(CHANGED)
        await database.promote_view(CHANGED, changed.generation)

        state = await database.prepare_view(BALANCES)

        assert state == ViewState("balances", 3, BALANCES.fingerprint, 0, False)

    async def test_the_number_of_a_generation_is_never_given_again(self, database: Database) -> None:
        live = await database.prepare_view(BALANCES)
        building = await database.prepare_view(CHANGED)
        await database.promote_view(BALANCES, live.generation)

        again = await database.prepare_view(CHANGED)

        assert (building.generation, again.generation) == (2, 3)

    async def test_a_rebuild_starts_empty_beside_the_live_one(self, database: Database) -> None:
        await write(database, BALANCES, Balances("a", "ann", 3), checkpoint=17)

        state = await database.rebuild_view(BALANCES)

        assert state == ViewState("balances", 2, BALANCES.fingerprint, 0, False)
        assert await database.rows(BALANCES, 2, ["a"]) == []
        assert await owners(database) == ["ann"]

    async def test_a_rebuild_that_was_cut_off_is_taken_up_again(self, database: Database) -> None:
        await write(database, BALANCES, Balances("a", "ann", 3), checkpoint=17)
        building = await database.rebuild_view(BALANCES)
        await write(database, BALANCES, Balances("a", "amy", 4), state=building, checkpoint=8)

        state = await database.prepare_view(BALANCES)

        assert state == ViewState("balances", 2, BALANCES.fingerprint, 8, False)

    async def test_a_second_rebuild_drops_the_first_unfinished_one(self, database: Database) -> None:
        await write(database, BALANCES, Balances("a", "ann", 3), checkpoint=17)
        first = await database.rebuild_view(BALANCES)

        second = await database.rebuild_view(BALANCES)

        assert [state.generation for state in await database.views()] == [1, second.generation]
        with pytest.raises(StaleWrite):
            await write(database, BALANCES, Balances("a", "amy", 4), state=first)

    async def test_a_rebuild_leaves_what_another_declaration_builds(self, database: Database) -> None:
        await write(database, BALANCES, Balances("a", "ann", 3))
        changed = await database.prepare_view(CHANGED)

        await database.rebuild_view(BALANCES)

        assert changed in await database.views()

    async def test_a_rebuild_of_a_view_that_is_not_there_makes_it_live(self, database: Database) -> None:
        state = await database.rebuild_view(BALANCES)

        assert state == ViewState("balances", 1, BALANCES.fingerprint, 0, True)

    async def test_a_rebuild_is_asked_for_by_name_and_once(self, database: Database) -> None:
        await database.request_rebuild("balances")
        await database.request_rebuild("balances")
        await database.request_rebuild("activity")

        assert await database.rebuild_requests() == {"balances", "activity"}

    async def test_a_rebuild_clears_the_request_for_it(self, database: Database) -> None:
        await database.prepare_view(BALANCES)
        await database.request_rebuild("balances")
        await database.request_rebuild("activity")

        await database.rebuild_view(BALANCES)

        assert await database.rebuild_requests() == {"activity"}

    async def test_every_generation_of_every_view_is_listed(self, database: Database) -> None:
        await write(database, BALANCES, Balances("a", "ann", 3), checkpoint=17)
        await database.prepare_view(CHANGED)
        await database.prepare_view(ACTIVITY)

        assert await database.views() == [
            ViewState("activity", 1, ACTIVITY.fingerprint, 0, True),
            ViewState("balances", 1, BALANCES.fingerprint, 17, True),
            ViewState("balances", 2, CHANGED.fingerprint, 0, False),
        ]

    async def test_a_store_without_views_lists_none(self, database: Database) -> None:
        assert await database.views() == []
        assert await database.rebuild_requests() == set()

    async def test_a_view_that_is_not_built_is_unavailable(self, database: Database) -> None:
        with pytest.raises(Unavailable, match="balances"):
            await database.ask("SELECT owner FROM balances", {}, most=5)

    async def test_a_column_that_is_being_built_is_unavailable(self, database: Database) -> None:
        await database.prepare_view(BALANCES)
        await database.prepare_view(CHANGED)

        with pytest.raises(Unavailable, match="branch"):
            await database.ask("SELECT branch FROM balances", {}, most=5)
