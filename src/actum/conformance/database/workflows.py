"""The suite for workflows: started once, recorded whole, woken by signals, requests and each other."""

import asyncio

import pytest
from msgspec.structs import replace

from actum.errors import KeyReused
from actum.ports.database import Database, Erasure, KeptName
from actum.ports.workflows import (
    OPERATOR_ACTS,
    NewSignal,
    NewWorkflow,
    StepRecord,
    StoredSignal,
    StoredWorkflow,
    WorkflowChange,
    WorkflowCount,
)


def new_workflow(id: str, kind: str = "Transfer", *, call: str = "c-1", subject: str = "") -> NewWorkflow:
    """Gives a workflow to be started, whose texts and numbers all differ."""
    return NewWorkflow(kind, id, b'["a",3]', call, 70, 900, "corr", "cause", "ann", subject, "trace")


async def start(database: Database, *ids: str, kind: str = "Transfer") -> list[int]:
    """Starts workflows, and gives their numbers."""
    started = await database.start_workflows([new_workflow(id, kind) for id in ids])
    return [one.number for one in started]


def parked(number: int, due: int | None = None, *, wakes: int = 0) -> WorkflowChange:
    """Gives the change of a workflow that waits."""
    return WorkflowChange(number, "running", due, wakes, 80)


def ended(number: int, time: int = 80) -> WorkflowChange:
    """Gives the change of a workflow that has returned something."""
    return WorkflowChange(number, "completed", None, 0, time, outcome=b'"done"')


async def found(database: Database, id: str, kind: str = "Transfer") -> StoredWorkflow:
    """Gives a workflow that exists."""
    workflow = await database.workflow(kind, id)
    assert workflow is not None
    return workflow


class WorkflowConformance:
    """A workflow is started once for an id, and what is recorded for it is recorded whole."""

    async def test_a_workflow_is_stored_as_it_was_started(self, database: Database) -> None:
        [started] = await database.start_workflows([new_workflow("t-1")])

        stored = await found(database, "t-1")
        assert started.status == "new"
        assert (stored.number, stored.status, stored.due, stored.wakes) == (started.number, "running", 0, 0)
        assert (stored.input, stored.created, stored.deadline, stored.generation) == (b'["a",3]', 70, 900, 1)
        assert (stored.correlation_id, stored.causation_id, stored.by) == ("corr", "cause", "ann")
        assert stored.traceparent == "trace"

    async def test_a_workflow_is_started_once_for_an_id(self, database: Database) -> None:
        starts = [
            new_workflow("t-1"),
            new_workflow("t-1"),
            new_workflow("t-1", call="c-2"),
            new_workflow("t-2"),
        ]

        at_once = await database.start_workflows(starts)
        later = await database.start_workflows([new_workflow("t-1"), new_workflow("t-2", call="c-3")])

        assert [one.status for one in at_once] == ["new", "known", "reused", "new"]
        assert [one.status for one in later] == ["known", "reused"]
        assert len({one.number for one in (*at_once[:3], later[0])}) == 1

    async def test_of_those_who_start_one_at_once_one_does(self, database: Database) -> None:
        outcomes = await asyncio.gather(*(database.start_workflows([new_workflow("t-1")]) for _ in range(5)))

        assert sorted(one.status for [one] in outcomes) == ["known"] * 4 + ["new"]

    async def test_many_are_started_and_recorded_at_once(self, database: Database) -> None:
        ids = [f"t-{number}" for number in range(150)]
        numbers = await start(database, *ids)
        record = StepRecord("charge", 1, 1, b"7", 81)

        wakes = await database.record_workflows(
            [replace(parked(number, 500 + number), records=(record,)) for number in numbers]
        )

        assert wakes == [0] * 150
        loaded = {one.workflow.id: one for one in await database.load_workflows("Transfer", ids)}
        assert [loaded[id].workflow.due for id in ids] == [500 + number for number in numbers]
        assert all(loaded[id].records == [record] for id in ids)

    async def test_a_change_is_recorded_whole(self, database: Database) -> None:
        [number] = await start(database, "t-1")
        records = (StepRecord("charge", 1, 1, b"1", 81), StepRecord("charge", 2, 2, b"2", 82))
        change = WorkflowChange(
            number, "stalled", 500, 0, 83, b"{}", b"[]", "failed", "why", 3, 2, 901, records
        )

        await database.record_workflows([change])

        [loaded] = await database.load_workflows("Transfer", ["t-1"])
        assert loaded.records == list(records)
        stored = loaded.workflow
        assert (stored.status, stored.due, stored.updated, stored.state) == ("stalled", 500, 83, b"{}")
        assert (stored.outcome, stored.ending, stored.error) == (b"[]", "failed", "why")
        assert (stored.attempts, stored.generation, stored.deadline) == (3, 2, 901)

    async def test_a_record_replaces_the_one_of_its_name_and_occurrence(self, database: Database) -> None:
        [number] = await start(database, "t-1")
        for body in (b"1", b"2"):
            record = StepRecord("receive", 1, 1, body, 81)
            await database.record_workflows([replace(parked(number), records=(record,))])

        assert [one.body for one in await database.workflow_records("Transfer", "t-1", limit=9)] == [b"2"]

    async def test_records_from_a_place_on_are_dropped(self, database: Database) -> None:
        [number, other] = await start(database, "t-1", "t-2")
        records = tuple(StepRecord("charge", place, place, b"%d" % place, 81) for place in (1, 2, 3, 4))
        await database.record_workflows(
            [replace(parked(number), records=records), replace(parked(other), records=records)]
        )

        again = StepRecord("charge", 3, 3, b"new", 90)
        await database.record_workflows([replace(parked(number), drop_from=3, records=(again,))])

        assert await database.workflow_records("Transfer", "t-1", limit=9) == [*records[:2], again]
        assert await database.workflow_records("Transfer", "t-2", after=1, limit=2) == list(records[1:3])

    async def test_what_is_gone_is_not_recorded(self, database: Database) -> None:
        [number] = await start(database, "t-1")
        record = StepRecord("charge", 1, 1, b"1", 81)

        outcomes = await database.record_workflows(
            [replace(parked(number + 999), records=(record,)), parked(number)]
        )

        assert outcomes == [None, 0]

    async def test_due_workflows_are_given_by_kind_the_earliest_first(self, database: Database) -> None:
        numbers = await start(database, "t-1", "t-2", "t-3", "t-4")
        await start(database, "o-1", kind="Order")
        dues = [30, 10, None, 20]
        await database.record_workflows(
            [parked(number, due) for number, due in zip(numbers, dues, strict=True)]
        )

        assert await database.due_workflows("Transfer", 25, 9) == [("t-2", 0), ("t-4", 0)]
        assert await database.due_workflows("Transfer", 99, 2) == [("t-2", 0), ("t-4", 0)]
        assert await database.due_workflows("Order", 0, 9) == [("o-1", 0)]
        assert await database.next_workflow("Transfer", 20) == 30
        assert await database.next_workflow("Transfer", 30) is None

    async def test_due_workflows_are_given_by_slices(self, database: Database) -> None:
        ids = [f"t-{place}" for place in range(20)]
        numbers = await start(database, *ids)
        dues = [100 - place for place in range(20)]
        await database.record_workflows(
            [parked(number, due) for number, due in zip(numbers, dues, strict=True)]
        )

        slices = [{number % database.slices for number in numbers[:3]}, set(range(database.slices))]
        for some in slices:
            expected = [
                (due, id)
                for number, id, due in zip(numbers, ids, dues, strict=True)
                if number % database.slices in some
            ]
            expected.sort()
            due = await database.due_workflows("Transfer", 95, 9, slices=some)
            assert [id for id, _ in due] == [id for at, id in expected if at <= 95][:9]
            later = [at for at, _ in expected if at > 95]
            assert await database.next_workflow("Transfer", 95, slices=some) == min(later, default=None)

    async def test_those_that_ended_first_are_removed_in_pieces(self, database: Database) -> None:
        numbers = await start(database, *(f"t-{place}" for place in range(8)))
        [other] = await start(database, "o-1", kind="Order")
        times = [40, 10, 30, 20, 70, 50]
        records = tuple(StepRecord("charge", place, place, b"1", 81) for place in (1, 2, 3))
        await database.record_workflows(
            [
                replace(ended(number, time), records=records)
                for number, time in zip(numbers[:6], times, strict=True)
            ]
            + [parked(numbers[6], 5), replace(parked(numbers[7]), status="stalled"), ended(other, 10)]
        )
        await database.signal_workflow(NewSignal("Transfer", "t-6", "Paid", b"1", 85))
        await database.request_workflow("Transfer", "t-0", "restart")

        async def left() -> list[str]:
            return [one.id for one in await database.workflows(kind="Transfer")]

        assert await database.remove_ended_workflows("Transfer", 50, 8) == 2
        assert await left() == ["t-0", "t-2", "t-4", "t-5", "t-6", "t-7"]
        assert await database.remove_ended_workflows("Transfer", 50, 1) == 1
        assert await database.remove_ended_workflows("Transfer", 50, 99) == 0
        assert await left() == ["t-0", "t-4", "t-5", "t-6", "t-7"]
        assert (await found(database, "o-1", "Order")).status == "completed"
        [again] = await database.start_workflows([new_workflow("t-1", call="c-2")])
        assert again.status == "new"
        loaded = await database.load_workflows("Transfer", ["t-1", "t-4"])
        assert {one.workflow.id: len(one.records) for one in loaded} == {"t-1": 0, "t-4": 3}
        assert (await database.load_workflows("Transfer", ["t-6"]))[0].signals

    async def test_a_signal_is_kept_until_it_is_taken_and_wakes(self, database: Database) -> None:
        [number] = await start(database, "t-1")
        await database.record_workflows([parked(number, 500)])

        for body in (b"1", b"2"):
            assert await database.signal_workflow(NewSignal("Transfer", "t-1", "Paid", body, 85)) == "running"

        [loaded] = await database.load_workflows("Transfer", ["t-1"])
        first, second = loaded.signals
        assert (loaded.workflow.due, loaded.workflow.wakes) == (0, 2)
        assert [first, second] == [
            StoredSignal(first.id, "Paid", b"1", 85),
            StoredSignal(second.id, "Paid", b"2", 85),
        ]
        await database.record_workflows([replace(parked(number, 500, wakes=2), taken=(first.id,))])
        [loaded] = await database.load_workflows("Transfer", ["t-1"])
        assert (loaded.signals, loaded.workflow.due) == ([second], 500)

    async def test_what_was_woken_meanwhile_is_due_at_once(self, database: Database) -> None:
        """A signal that comes while a workflow is about to wait is not missed."""
        [number] = await start(database, "t-1")
        await database.signal_workflow(NewSignal("Transfer", "t-1", "Paid", b"1", 85))

        assert await database.record_workflows([parked(number, 500, wakes=0)]) == [1]

        assert (await found(database, "t-1")).due == 0

    async def test_a_signal_with_a_mark_is_sent_once(self, database: Database) -> None:
        await start(database, "t-1", "t-2")
        signal = NewSignal("Transfer", "t-1", "Paid", b"1", 85, "mark", "call")

        await database.signal_workflow(signal)
        await database.signal_workflow(signal)
        await database.signal_workflow(replace(signal, id="t-2"))

        loaded = await database.load_workflows("Transfer", ["t-1", "t-2"])
        assert [len(one.signals) for one in loaded] == [1, 1]
        with pytest.raises(KeyReused):
            await database.signal_workflow(replace(signal, call="other"))

    async def test_nothing_is_signalled_to_one_that_has_ended_or_never_was(self, database: Database) -> None:
        [number] = await start(database, "t-1")
        await database.record_workflows([ended(number)])

        assert await database.signal_workflow(NewSignal("Transfer", "t-1", "Paid", b"1", 85)) == "completed"
        assert await database.signal_workflow(NewSignal("Transfer", "t-9", "Paid", b"1", 85)) is None
        assert (await found(database, "t-1")).due is None

    async def test_a_request_wakes_and_stays_until_it_is_answered(self, database: Database) -> None:
        [number] = await start(database, "t-1")
        await database.record_workflows([parked(number)])

        assert await database.request_workflow("Transfer", "t-1", "pause") is True
        assert await database.request_workflow("Transfer", "t-9", "pause") is False

        stored = await found(database, "t-1")
        assert (stored.request, stored.due, stored.wakes) == ("pause", 0, 1)
        await database.record_workflows([replace(parked(number, wakes=1), answers="resume")])
        assert (await found(database, "t-1")).request == "pause"
        await database.record_workflows([replace(parked(number, wakes=1), answers="pause")])
        assert (await found(database, "t-1")).request == ""

    async def test_the_end_of_one_wakes_those_that_wait_for_it(self, database: Database) -> None:
        parent, other, child = await start(database, "t-1", "t-2", "t-3")
        await database.record_workflows(
            [replace(parked(parent), waits_for=(("Transfer", "t-3"),)), parked(other)]
        )

        await database.record_workflows([ended(child)])

        assert (await found(database, "t-1")).due == 0
        assert (await found(database, "t-2")).due is None

    async def test_one_that_waits_for_what_has_ended_is_due_at_once(self, database: Database) -> None:
        parent, child = await start(database, "t-1", "t-3")
        await database.record_workflows([ended(child)])

        [wakes] = await database.record_workflows([replace(parked(parent), waits_for=(("Transfer", "t-3"),))])

        assert wakes == 1
        assert (await found(database, "t-1")).due == 0

    async def test_one_that_ends_beside_the_one_that_waits_for_it_wakes_it(self, database: Database) -> None:
        parent, child = await start(database, "t-1", "t-3")

        await database.record_workflows(
            [replace(parked(parent), waits_for=(("Transfer", "t-3"),)), ended(child)]
        )

        assert (await found(database, "t-1")).due == 0

    async def test_whoever_begins_to_wait_while_the_other_ends_is_woken(self, database: Database) -> None:
        """Whichever is first, several at once, and each by a call of its own."""
        pairs = [(f"p-{number}", f"c-{number}") for number in range(40)]
        parents = await start(database, *(parent for parent, _ in pairs))
        children = await start(database, *(child for _, child in pairs))
        waits = [
            replace(parked(number), waits_for=(("Transfer", child),))
            for number, (_, child) in zip(parents, pairs, strict=True)
        ]
        changes = [
            one
            for wait, child in zip(waits, children, strict=True)
            for one in ((wait, ended(child)) if child % 2 else (ended(child), wait))
        ]

        await asyncio.gather(*(database.record_workflows([change]) for change in changes))

        assert [(await found(database, parent)).due for parent, _ in pairs] == [0] * len(pairs)
        assert {(await found(database, child)).status for _, child in pairs} == {"completed"}

    async def test_one_that_ends_while_it_waits_is_not_woken_later(self, database: Database) -> None:
        parent, child = await start(database, "t-1", "t-3")
        await database.record_workflows([replace(parked(parent), waits_for=(("Transfer", "t-3"),))])

        await database.record_workflows([ended(parent)])
        await database.record_workflows([ended(child)])

        stored = await found(database, "t-1")
        assert (stored.status, stored.due, stored.wakes) == ("completed", None, 0)

    async def test_signals_that_were_taken_go_with_the_end(self, database: Database) -> None:
        """Also with that of a workflow that another waits for."""
        parent, child = await start(database, "t-1", "t-3")
        await database.record_workflows([replace(parked(parent), waits_for=(("Transfer", "t-3"),))])
        await database.signal_workflow(NewSignal("Transfer", "t-3", "Paid", b"1", 85))
        [loaded] = await database.load_workflows("Transfer", ["t-3"])

        await database.record_workflows([replace(ended(child), taken=(loaded.signals[0].id,))])

        [loaded] = await database.load_workflows("Transfer", ["t-3"])
        assert (loaded.workflow.status, loaded.signals) == ("completed", [])
        assert (await found(database, "t-1")).due == 0

    async def test_workflows_are_listed_in_pages_by_kind_and_status(self, database: Database) -> None:
        numbers = await start(database, "t-1", "t-2", "t-3")
        await start(database, "o-1", kind="Order")
        await database.record_workflows([ended(numbers[1])])

        everything = await database.workflows()
        running = await database.workflows(kind="Transfer", status="running")

        assert [one.id for one in everything] == ["t-1", "t-2", "t-3", "o-1"]
        assert [one.id for one in running] == ["t-1", "t-3"]
        assert [one.id for one in await database.workflows(after=numbers[0], limit=2)] == ["t-2", "t-3"]

    async def test_a_listing_may_begin_with_the_newest(self, database: Database) -> None:
        numbers = await start(database, "t-1", "t-2", "t-3")
        await start(database, "o-1", kind="Order")

        newest = await database.workflows(limit=2, reverse=True)
        older = await database.workflows(after=numbers[2], reverse=True)
        of_kind = await database.workflows(kind="Transfer", status="running", reverse=True)

        assert [one.id for one in newest] == ["o-1", "t-3"]
        assert [one.id for one in older] == ["t-2", "t-1"]
        assert [one.id for one in of_kind] == ["t-3", "t-2", "t-1"]

    async def test_what_operators_did_with_messages_goes_with_their_entity(self, database: Database) -> None:
        of_operator = [
            new_workflow("1", OPERATOR_ACTS, subject="Account/a"),
            new_workflow("2", OPERATOR_ACTS, subject="a"),
            new_workflow("3", OPERATOR_ACTS, subject="b"),
        ]
        await database.start_workflows([*of_operator, new_workflow("t-1", subject="a")])

        await database.end_erasure("Account", "a", 7, keys=["Account/a", "a"])

        assert [one.id for one in await database.workflows()] == ["3", "t-1"]

    async def test_those_that_have_not_ended_are_counted(self, database: Database) -> None:
        numbers = await start(database, "t-1", "t-2", "t-3")
        await start(database, "o-1", kind="Order")
        await database.record_workflows([ended(numbers[1]), replace(parked(numbers[2]), status="stalled")])

        assert await database.workflow_counts() == [
            WorkflowCount("Order", "running", 1),
            WorkflowCount("Transfer", "running", 1),
            WorkflowCount("Transfer", "stalled", 1),
        ]
        assert KeptName("workflows", "Transfer", 2) in await database.kept_names()

    async def test_what_an_entity_started_goes_with_it(self, database: Database) -> None:
        await database.start_workflows(
            [new_workflow("t-1", subject="Account/a"), new_workflow("t-2", subject="Account/b")]
        )
        await database.signal_workflow(NewSignal("Transfer", "t-1", "Paid", b"1", 85))
        await database.begin_erasure(Erasure("Account", "a", 3))

        await database.end_erasure("Account", "a", 7, keys=["Account/a", "a"])

        assert [one.id for one in await database.workflows()] == ["t-2"]
        [again] = await database.start_workflows([new_workflow("t-1")])
        assert again.status == "new"
        [loaded] = await database.load_workflows("Transfer", ["t-1"])
        assert (loaded.records, loaded.signals) == ([], [])
