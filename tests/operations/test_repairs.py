"""What operators repair is done as it was asked for, and recorded: who did what, when, and how it ended."""

from datetime import timedelta

import pytest

from actum import Conflict, Invalid, NotFound
from actum.errors import WrongStatus
from actum.operations.letters.edit import edit_letter, editable
from actum.operations.letters.requests import find_dead_letters
from actum.operations.repairs.audit import Act, find_act, list_acts, recorded
from actum.operations.repairs.many import (
    Asked,
    ask_for_letters,
    ask_for_workflow,
    ask_for_workflows,
    cancel_timer,
)
from actum.operations.work.actions import Count, find_action, list_actions, traceback_of
from actum.operations.workflows import all_workflows
from actum.ports.database import SliceState
from actum.runtime.context.context import Context
from actum.runtime.node import Node
from actum.stores.open import Stores
from tests.console.desk import Account, Closing, app

RECEIPTS = "print_receipt@queue:receipts"


@pytest.fixture
def context(node: Node) -> Context:
    return Context(node.services, by="ann")


async def dead_letter(node: Node, context: Context, id: str = "a", amount: int = 150) -> int:
    """Gives the id of a letter whose receipt the printer has no room for."""
    await context.entity(Account, id).deposit(amount)
    await node.settle()
    [letter] = [one for one in await node.services.database.letters() if one.key == f"Account/{id}"]
    return letter.id


async def answered(node: Node) -> None:
    """Has what was asked for carried out."""
    for worker in node.workers:
        await worker.answer_requests()
    await node.settle()


async def test_an_edited_letter_is_retried_with_what_it_has_now(
    node: Node, context: Context, stores: Stores
) -> None:
    id = await dead_letter(node, context)

    await edit_letter(stores, node.services, id, b'{"account":"a","amount":60}', by="eve")
    await answered(node)

    assert await stores.database.letters() == []
    assert (await context.state(Account, "a")).receipts == [60]


async def test_what_was_edited_is_recorded_as_it_was(node: Node, context: Context, stores: Stores) -> None:
    id = await dead_letter(node, context)

    await edit_letter(stores, node.services, id, b'{"account":"a","amount":60}', by="eve")

    [one] = (await list_acts(stores.database)).acts
    assert (one.by, one.act.action, one.act.target, one.state) == (
        "eve",
        "letters edit",
        f"letter {id}",
        "done",
    )
    assert (bytes(one.act.before), bytes(one.act.after)) == (
        b'{"account":"a","amount":150}',
        b'{"account":"a","amount":60}',
    )
    assert await find_act(stores.database, one.id) == one


@pytest.mark.parametrize("content", [b'{"account":"a"}', b"{", b"\xff", b'{"account":"a","amount":"60"}'])
async def test_what_the_action_does_not_take_is_refused_and_nothing_is_changed(
    node: Node, context: Context, stores: Stores, content: bytes
) -> None:
    id = await dead_letter(node, context)
    before = await stores.database.letter(id)

    with pytest.raises(Invalid, match=f"letter {id}: this does not fit the action"):
        await edit_letter(stores, node.services, id, content, by="eve")

    assert await stores.database.letter(id) == before
    assert (await list_acts(stores.database)).acts == []


async def test_a_letter_that_is_gone_meanwhile_is_not_edited(
    node: Node, context: Context, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await dead_letter(node, context)
    letter = await stores.database.letter(id)

    async def found_before(stores: Stores, id: int) -> object:
        await stores.database.remove_letter(id)
        return letter

    monkeypatch.setattr("actum.operations.letters.edit.find_letter", found_before)
    with pytest.raises(Conflict, match="was edited or processed meanwhile"):
        await edit_letter(stores, node.services, id, b'{"account":"a","amount":60}', by="eve")

    [one] = (await list_acts(stores.database)).acts
    assert (one.state, one.error.partition(":")[0]) == ("failed", "Conflict")


async def test_the_letter_of_an_event_is_not_edited(node: Node, context: Context, stores: Stores) -> None:
    id = await dead_letter(node, context, "b", 13)

    found = await editable(stores, node.services, id)

    assert (found.text, found.why.partition(":")[0]) == (None, "an event is a fact and is never edited")
    with pytest.raises(Invalid, match=f"letter {id} is of an event"):
        await edit_letter(stores, node.services, id, b'{"amount":14}', by="eve")


async def test_many_letters_are_skipped_at_once_and_recorded_once(
    node: Node, context: Context, stores: Stores
) -> None:
    ids = [await dead_letter(node, context, id) for id in "abc"]

    await ask_for_letters(stores, app, await find_dead_letters(stores), "skip", by="eve")
    await answered(node)

    assert await stores.database.letters() == []
    [one] = (await list_acts(stores.database)).acts
    assert one.act == Act("letters skip", f"3 letters: {', '.join(map(str, ids))}", {"actions": RECEIPTS})


async def test_a_workflow_is_restarted_from_a_step_and_the_request_is_recorded(
    node: Node, context: Context, stores: Stores
) -> None:
    await context.workflow(Closing, "a").start(600)
    await node.settle()

    await ask_for_workflow(stores, "Closing", "a", "restart:1:pay_out", by="eve")
    await node.settle()

    found = await stores.database.workflow("Closing", "a")
    assert found is not None
    assert (found.status, found.generation) == ("failed", 2)
    [one] = (await list_acts(stores.database)).acts
    assert one.act == Act("workflows restart", "Closing/a", {"step": "pay_out", "number": "1"})


async def test_of_several_workflows_each_says_whether_the_request_was_taken(
    node: Node, context: Context, stores: Stores
) -> None:
    await context.workflow(Closing, "a").start(600)
    await node.settle()

    asked = await ask_for_workflows(stores, [("Closing", "a"), ("Closing", "b")], "retry", by="eve")

    assert asked == [Asked("Closing/a"), Asked("Closing/b", "there is no workflow Closing/b")]
    states = [(one.act.target, one.state) for one in (await list_acts(stores.database)).acts]
    assert states == [("Closing/b", "failed"), ("Closing/a", "done")]
    with pytest.raises(WrongStatus):
        await ask_for_workflow(stores, "Closing", "a", "resume", by="eve")


async def test_a_timer_is_cancelled_once(node: Node, context: Context, stores: Stores) -> None:
    name = await context.schedule(Account.deposit, "a", after=timedelta(days=1))(5)

    await cancel_timer(stores, node.services.timers, name, by="eve")

    assert await stores.database.timers() == []
    with pytest.raises(NotFound, match="it has fired, or was cancelled"):
        await cancel_timer(stores, node.services.timers, name, by="eve")
    with pytest.raises(Invalid, match="this deadline follows from its entity's events"):
        await cancel_timer(stores, node.services.timers, "$deadline/x", by="eve")


async def test_an_act_that_was_interrupted_is_recorded_as_begun(stores: Stores) -> None:
    with pytest.raises(KeyboardInterrupt):
        async with recorded(stores.database, "eve", Act("letters skip", "letter 7")):
            raise KeyboardInterrupt

    [one] = (await list_acts(stores.database)).acts
    assert (one.state, one.error) == ("begun", "")


async def test_the_audit_log_is_listed_from_the_newest_on(stores: Stores) -> None:
    for number in range(5):
        async with recorded(stores.database, "eve", Act("letters skip", f"letter {number}")):
            pass

    first = await list_acts(stores.database, limit=2)
    assert first.next is not None
    second = await list_acts(stores.database, after=first.next, limit=3)

    assert [one.act.target for one in first.acts] == ["letter 4", "letter 3"]
    assert [one.act.target for one in second.acts] == ["letter 2", "letter 1", "letter 0"]
    assert second.next is None


async def test_what_operators_did_is_no_workflow_of_the_application(
    node: Node, context: Context, stores: Stores
) -> None:
    async with recorded(stores.database, "eve", Act("letters skip", "letter 7")):
        found = await node.services.readiness.look()

    assert [one for one in found if one.part == "workflow"] == []
    assert [page async for page in all_workflows(stores)] == [[]]


async def test_what_was_edited_goes_with_the_entity_it_is_about(
    node: Node, context: Context, stores: Stores
) -> None:
    id = await dead_letter(node, context)
    await edit_letter(stores, node.services, id, b'{"account":"a","amount":60}', by="eve")

    await context.delete(Account, "a", erase=True)

    assert (await list_acts(stores.database)).acts == []


async def test_an_action_says_what_it_has_left_and_what_has_failed(
    node: Node, context: Context, stores: Stores
) -> None:
    id = await dead_letter(node, context)

    found = {one.name: one for one in await list_actions(stores, app, node.actions)}

    notify, receipts = found["notify"], found[RECEIPTS]
    assert (notify.set_off_by, notify.left, notify.dead) == ("Deposited", Count(0), Count(0))
    assert (receipts.set_off_by, receipts.left) == ("messages of the queue receipts", Count(0))
    assert (receipts.dead, receipts.stands_still) == (Count(1), True)
    assert receipts.why == "ValueError: the printer has no room for 150"
    letter = await stores.database.letter(id)
    assert letter is not None
    assert "in print_receipt" in traceback_of(letter, node.actions)
    assert traceback_of(letter, ()) == ""
    with pytest.raises(NotFound, match="desk has no action 'sweep'; it has notify"):
        await find_action(stores, app, "sweep")


async def test_events_that_an_action_has_left_are_counted_up_to_a_bound(
    stores: Stores, context: Context, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(6):
        await context.entity(Account, "a").deposit(1)
    await node.settle()
    monkeypatch.setattr("actum.operations.work.actions.PAGE", 2)
    monkeypatch.setattr("actum.operations.work.actions.MAX_SCANNED", 4)

    async def at_the_beginning(stores: Stores, action: str) -> dict[int, SliceState]:
        return {number: SliceState(0, {}) for number in range(stores.database.slices)}

    monkeypatch.setattr("actum.operations.work.actions.slices_of", at_the_beginning)
    found = await find_action(stores, app, "notify")

    assert found.left is not None
    assert found.left.is_more


def test_a_count_is_shown_with_whether_there_are_more() -> None:
    assert (str(Count(1_234)), str(Count(100, is_more=True))) == ("1,234", "100+")
