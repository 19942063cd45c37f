"""The suite for timers: they keep their order, and none is lost."""

import pytest

from actum.errors import KeyReused, StaleWrite
from actum.model.deadlines.deadline import CHECKPOINT
from actum.ports.database import (
    Database,
    DeadlineChange,
    DeadlineProgress,
    Erasure,
    Mark,
    NewTimer,
    Progress,
    Timer,
)


def new_timer(name: str, due: int) -> NewTimer:
    """Gives a timer that closes an account."""
    return NewTimer(name, due, "Account", "a/1", "close", b'["why"]', "c-2")


class TimerConformance:
    """Timers come by the time they are due, and marks hold."""

    async def test_timers_farther_off_than_they_were_set_are_recalled(self, database: Database) -> None:
        for name, due, span in (("far", 900, 100), ("near", 540, 50), ("at", 900, 0)):
            timer = NewTimer(name, due, "Account", "a", "close", b"[]", "c", span=span)
            await database.add_timer(timer)

        assert await database.recall_timers(500) == 1
        assert await database.recall_timers(500) == 0

        found = {timer.name: (timer.due, timer.span) for timer in await database.timers()}
        assert found == {"far": (600, 100), "near": (540, 50), "at": (900, 0)}

    async def test_a_timer_is_kept_as_it_was_added(self, database: Database) -> None:
        await database.add_timer(NewTimer("t'; --", 2**50, "Konto", "ü/1", "close", b'["\xff"]', "c-9"))

        (timer,) = await database.timers()

        assert timer == Timer("t'; --", 2**50, "Konto", "ü/1", "close", b'["\xff"]', "c-9", id=timer.id)

    async def test_a_timer_keeps_who_set_it_and_why(self, database: Database) -> None:
        timer = NewTimer("t", 5, "Account", "a", "close", b"[]", "c", "Account/ä@3", "ann", 0, "00-1-2-01")
        assert await database.add_timer(timer) is True

        (kept,) = await database.timers()

        assert (kept.causation_id, kept.by, kept.traceparent) == ("Account/ä@3", "ann", "00-1-2-01")

    async def test_a_timer_with_a_mark_is_added_once(self, database: Database) -> None:
        assert await database.add_timer(new_timer("t", 10), Mark("m", "call 1", 5)) is True
        assert await database.add_timer(new_timer("t", 20), Mark("m", "call 1", 6)) is False
        (timer,) = await database.timers()
        assert timer.due == 10

        await database.save(Progress("timers", "timers", done=(timer.id,)))
        assert await database.add_timer(new_timer("t", 20), Mark("m", "call 1", 7)) is False

        assert await database.timers() == []

    async def test_a_timers_mark_stands_for_one_call_alone(self, database: Database) -> None:
        await database.add_timer(new_timer("t", 10), Mark("m", "call 1", 5))

        with pytest.raises(KeyReused):
            await database.add_timer(new_timer("t", 20), Mark("m", "call 2", 6))

        assert [timer.due for timer in await database.timers()] == [10]
        assert await database.add_timer(new_timer("t", 30), Mark("n", "call 2", 7)) is True
        assert [timer.due for timer in await database.timers()] == [30]

    async def test_timers_come_in_the_order_they_are_due(self, database: Database) -> None:
        for name, due in (("a", 30), ("b", 10), ("c", 20), ("d", 10)):
            await database.add_timer(new_timer(name, due))

        assert [timer.name for timer in await database.timers()] == ["b", "d", "c", "a"]

    async def test_only_timers_that_are_due_are_given(self, database: Database) -> None:
        for name, due in (("a", 30), ("b", 10), ("c", 20)):
            await database.add_timer(new_timer(name, due))

        assert [timer.name for timer in await database.timers(up_to=20)] == ["b", "c"]
        assert [timer.name for timer in await database.timers(up_to=19)] == ["b"]
        assert await database.timers(up_to=9) == []

    async def test_timers_are_given_in_pages_though_many_are_due_at_once(self, database: Database) -> None:
        for number in range(7):
            await database.add_timer(new_timer(f"t{number}", 10 + number // 4))
        names = []
        after = (0, 0)

        while page := await database.timers(limit=2, after=after):
            names += [timer.name for timer in page]
            after = (page[-1].due, page[-1].id)

        assert names == [f"t{number}" for number in range(7)]

    async def test_a_timer_of_the_same_name_is_replaced(self, database: Database) -> None:
        await database.add_timer(new_timer("t", 10))
        (first,) = await database.timers()

        await database.add_timer(new_timer("t", 40))

        (second,) = await database.timers()
        assert second.due == 40
        assert second.id != first.id

    async def test_finishing_a_timer_leaves_the_one_that_replaced_it(self, database: Database) -> None:
        await database.add_timer(new_timer("t", 10))
        (first,) = await database.timers()
        await database.add_timer(new_timer("t", 40))

        await database.save(Progress("timers", "timers", done=(first.id,)))

        assert [timer.due for timer in await database.timers()] == [40]

    async def test_a_cancelled_timer_is_gone(self, database: Database) -> None:
        await database.add_timer(new_timer("t", 10))
        await database.add_timer(new_timer("u", 20))

        assert await database.cancel_timer("t") is True

        assert [timer.name for timer in await database.timers()] == ["u"]

    async def test_the_id_of_a_timer_that_is_gone_is_not_given_again(self, database: Database) -> None:
        await database.add_timer(new_timer("t", 10))
        (first,) = await database.timers()
        await database.cancel_timer("t")

        await database.add_timer(new_timer("u", 10))

        assert [timer.id > first.id for timer in await database.timers()] == [True]

    async def test_cancelling_a_timer_that_is_not_there_is_false(self, database: Database) -> None:
        assert await database.cancel_timer("t") is False

    async def test_the_next_timer_is_the_earliest(self, database: Database) -> None:
        assert await database.next_timer() is None
        for name, due in (("a", 30), ("b", 10), ("c", 20)):
            await database.add_timer(new_timer(name, due))

        assert await database.next_timer() == 10
        await database.cancel_timer("b")
        assert await database.next_timer() == 20

    async def test_deadlines_change_with_the_checkpoint_in_one_transaction(self, database: Database) -> None:
        assert await database.checkpoint(CHECKPOINT, at_first=3) == 3
        await database.save_deadlines(DeadlineProgress(3, 9, (_set("t", 10, at=5), _set("u", 20, at=9))))
        (first, _) = await database.timers()

        with pytest.raises(StaleWrite):
            await database.save_deadlines(DeadlineProgress(3, 12, (DeadlineChange("t", 12),)))
        kept = [timer.name for timer in await database.timers()]
        again = (DeadlineChange("u", 12), _set("t", 30, at=11))
        await database.save_deadlines(DeadlineProgress(9, 12, again))

        (second,) = await database.timers()
        assert kept == ["t", "u"]
        assert (second.name, second.due, second.id > first.id) == ("t", 30, True)
        assert await database.checkpoint(CHECKPOINT, at_first=0) == 12

    async def test_a_deadline_that_has_fired_goes_unless_it_was_set_again(self, database: Database) -> None:
        await database.checkpoint(CHECKPOINT, at_first=0)
        await database.save_deadlines(DeadlineProgress(0, 2, (_set("t", 10, at=1), _set("u", 20, at=2))))

        fired = (DeadlineChange("t", 3, cause="Account/a@1"), DeadlineChange("u", 4, cause="Account/a@1"))
        await database.save_deadlines(DeadlineProgress(2, 4, fired))

        assert [timer.name for timer in await database.timers()] == ["u"]

    async def test_no_deadline_is_stored_for_an_event_that_was_erased(self, database: Database) -> None:
        await database.checkpoint(CHECKPOINT, at_first=0)
        await database.begin_erasure(Erasure("Account", "a", 4))
        await database.end_erasure("Account", "a", 5, keys=[])

        await database.save_deadlines(DeadlineProgress(0, 9, (_set("t", 10, at=4), _set("u", 20, at=6))))

        assert [timer.name for timer in await database.timers()] == ["u"]

    async def test_a_deadline_of_what_began_anew_outlives_the_erasure(self, database: Database) -> None:
        """The entity was written again, and the feed was followed, before its erasure ended."""
        await database.checkpoint(CHECKPOINT, at_first=0)
        await database.begin_erasure(Erasure("Account", "a", 4))
        await database.save_deadlines(DeadlineProgress(0, 9, (_set("t", 10, at=4), _set("u", 20, at=6))))
        await database.add_timer(NewTimer("v", 30, "Account", "a", "close", b"[]", "c"))

        await database.end_erasure("Account", "a", 5, keys=[])

        assert [timer.name for timer in await database.timers()] == ["u"]


def _set(name: str, due: int, *, at: int) -> DeadlineChange:
    """Gives the change of an event at a position, which is also its version."""
    timer = NewTimer(name, due, "Account", "a", "close", b"[]", "c", f"Account/a@{at}", span=7)
    return DeadlineChange(name, at, timer)
