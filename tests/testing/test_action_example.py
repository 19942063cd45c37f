"""given(action).when(…): what an action alone would send, and what it is answered."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from actum import (
    Context,
    Event,
    NotFound,
    Recorded,
    Rejected,
    Workflow,
)
from actum.errors import DefinitionError
from actum.testing import ScheduledTimer, given, stored
from examples.bank.bank import (
    Account,
    Balances,
    Opened,
    Payment,
    Wealth,
    Withdrawn,
    notify,
    open_account,
    pay,
    wealthy,
)


class Renamed(Event, version=2):
    name: str


@Renamed.upcast(1)
def rename(payload: dict[str, Any]) -> dict[str, Any]:
    return {"name": payload["title"]}


class Mailer:
    def __init__(self) -> None:
        self.sent: list[str] = []


class Transfer(Workflow):
    async def run(self, ctx: Context, amount: int) -> str:
        return "done"


async def follow(ctx: Context, event: Withdrawn | Renamed, mailer: Mailer) -> str:
    mailer.sent.append(f"{ctx.event.id} {event}")
    left = await ctx.entity(Account, ctx.event.id).current_balance()
    if left < 10:
        reply = await ctx.entity(Account, "bank").withdraw(amount=10 - left)
        await ctx.entity(Account, ctx.event.id).deposit(10 - left)
        return f"{reply} left"
    return "enough"


async def hear(ctx: Context, happened: Recorded[Renamed]) -> tuple[str, int, str]:
    return happened.event.name, happened.version, ctx.by


async def plan(ctx: Context, id: str) -> str:
    first = await ctx.schedule(Account.deposit, id, after=timedelta(days=2))(5)
    await ctx.schedule(Account.deposit, id, at=datetime(2031, 1, 1, tzinfo=UTC), name="yearly")(7)
    await ctx.cancel(first)
    await ctx.queue("payments").send(Payment("a", 3), key=id)
    await ctx.queue("payments").send_all([Payment("b", 4)])
    assert await ctx.workflow(Transfer, id).start(4)
    await ctx.workflow(Transfer, id).signal(Renamed("x"))
    return f"{await ctx.workflow(Transfer, id).result()} {ctx.new_id()} {ctx.new_id()}"


async def both(ctx: Context, amount: int) -> int:
    return await ctx.entity(Account, "a").deposit(amount)


async def atomically(ctx: Context) -> int:
    return await ctx.atomic(both, 5)


async def look(ctx: Context) -> tuple[Balances | None, int]:
    return await ctx.view(Balances).get("a"), (await ctx.state(Account, "a")).balance


async def refuse(ctx: Context) -> None:
    raise Rejected("no", code="closed", hour=9)


async def swallow(ctx: Context) -> None:
    try:
        await ctx.entity(Account, "a").deposit(5)
    except Exception:  # noqa: BLE001 (it is what should be seen)
        return


async def idle() -> int:
    return 3


async def test_an_action_is_given_an_event_and_says_which_commands_it_sends() -> None:
    mailer = Mailer()
    example = given(follow, id="ann").answers(Account.current_balance, 4).answers(Account.withdraw, 100)

    done = await example.answers(Account.deposit, 10).when(Withdrawn(3), mailer=mailer)

    done.then("100 left").sends((Account.withdraw, "bank", 6), (Account.deposit, "ann", 6))
    assert done.asked(Account.current_balance) == [("ann",)]
    assert mailer.sent == ["ann Withdrawn(amount=3)"]


async def test_an_action_is_given_a_stored_event_or_a_recorded_one() -> None:
    (await given(hear, id="ann").at(by="bob").on(stored("Renamed", 1, {"title": "x"}))).then(("x", 1, "bob"))
    (await given(notify, id="ann").on(Withdrawn(4))).then(None)
    mailer = Mailer()
    await given(follow).answers(Account.current_balance, 50).on(stored("Renamed", 1, {"title": "x"}), mailer)
    assert mailer.sent == ["a Renamed(name='x')"]
    with pytest.raises(TypeError, match="no event that is stored as 'Opened'; there are Renamed, Withdrawn"):
        await given(follow).on(stored("Opened", 1, {}), mailer)


async def test_an_action_is_given_a_message_or_what_a_request_has() -> None:
    """A command without a reply needs no answer; one with a reply does."""
    (await given(pay).answers(Account.deposit, 9).when(Payment("ann", 4))).sends((Account.deposit, "ann", 4))
    (await given(open_account).when("ann", owner="Ann")).then(None).sends((Account.open, "ann", "Ann"))
    rich = [Wealth("ann", 5, 0)]
    (await given(wealthy).answers(Balances.wealthy, rich).when(3)).then(rich)
    (await given(idle).when()).then(3).sends()


async def test_timers_messages_and_workflows_are_recorded() -> None:
    done = await given(plan).answers(Transfer, "sent").when("ann")

    done.then("sent id-1 id-2").sends()
    assert done.timers == [
        ScheduledTimer(Account.deposit, "ann", (7,), datetime(2031, 1, 1, tzinfo=UTC), "yearly")
    ]
    assert done.scheduled(Account.deposit) == [("ann", 7)]
    assert done.sent("payments") == [Payment("a", 3), Payment("b", 4)]
    assert done.started == [(Transfer, "ann", 4)]
    assert done.signalled == [(Transfer, "ann", Renamed("x"))]


async def test_a_unit_runs_or_is_answered() -> None:
    (await given(atomically).answers(Account.deposit, 8).when()).then(8).sends((Account.deposit, "a", 5))
    (await given(atomically).answers(both, 9).when()).then(9).sends()


async def test_rows_and_states_are_answered() -> None:
    row = Balances("a", "ann", 7)
    example = given(look).answers(Balances.get, row).answers(Context.state, Account(balance=6))

    done = (await example.when()).then((row, 6))

    assert done.asked(Context.state) == [(Account, "a")]


async def test_a_refusal_and_an_error_are_checked() -> None:
    (await given(refuse).when()).rejected("no", code="closed", hour=9)
    missing = await given(both).answers(Account.deposit, NotFound("gone")).when(5)
    missing.raises(NotFound, "gone")
    with pytest.raises(AssertionError, match=r"given\(both\).*\nfailed with NotFound: gone"):
        missing.then(5)
    with pytest.raises(AssertionError, match="did not fail with Rejected: NotFound: gone"):
        missing.rejected()


async def test_what_differs_is_said() -> None:
    done = await given(both).answers(Account.deposit, 8).when(5)

    with pytest.raises(AssertionError, match=r"(?s)commands: .*- \(<command Account.deposit>, 'a', 6\)"):
        done.sends((Account.deposit, "a", 6))
    with pytest.raises(AssertionError, match=r"(?s)result: .*\+ 8"):
        done.then(9)


@pytest.mark.parametrize("action", [both, swallow])
async def test_what_is_not_answered_is_named_even_if_the_action_swallows_it(action: Any) -> None:
    arguments = (5,) if action is both else ()
    with pytest.raises(
        AssertionError, match=r"Account.deposit was called: .*\.answers\(Account.deposit, …\)"
    ):
        await given(action).when(*arguments)


async def test_mistakes_are_explained() -> None:
    with pytest.raises(AssertionError, match=r"an answer of the example does not fit: Account\.deposit must"):
        await given(both).answers(Account.deposit, "much").when(5)
    with pytest.raises(TypeError, match="takes amount besides its context, and 2 arguments were given"):
        await given(both).when(5, 6)
    with pytest.raises(DefinitionError, match="is not async"):
        await given(rename).when({})  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="an action gets its event by"):
        given(both, Opened("ann"))  # type: ignore[call-overload]
