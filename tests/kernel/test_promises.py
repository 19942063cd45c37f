"""What a whole application promises, seen through its own surface."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import field

from actum import (
    Actions,
    App,
    Context,
    Entity,
    Event,
    Invalid,
    KeyReused,
    NotFound,
    Rejected,
    View,
    WrongVersion,
    command,
    query,
    reducer,
)
from actum.errors import ImpureTurn, WrongEvent, WrongReply
from actum.runtime.entities.directory import EvictionPolicy
from actum.runtime.node import Settings
from actum.testing import testing


class Deposited(Event):
    amount: int


class Withdrawn(Event):
    amount: int


class Account(Entity, snapshot_every=10):
    balance: int = 0
    notes: list[str] = []  # noqa: RUF012 (msgspec copies it for every instance)

    @command
    def deposit(self, amount: int) -> int:
        self.emit(Deposited(amount))
        return self.balance

    @command
    def withdraw(self, amount: int) -> int:
        self.emit(Withdrawn(amount))
        if self.balance < 0:
            raise Rejected("insufficient funds", balance=self.balance + amount)
        return self.balance

    @command
    def read_a_file(self) -> None:
        Path(__file__).read_text()

    @command
    def lie(self) -> int:
        return "not a number"  # type: ignore[return-value]

    @command
    def misstate(self) -> None:
        self.emit(Deposited("much"))  # type: ignore[arg-type]

    @command
    def all_notes(self) -> list[str]:
        return self.notes

    @query
    def current(self) -> int:
        return self.balance

    @reducer
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount
        self.notes.append(f"+{event.amount}")

    @reducer
    def withdrawn(self, event: Withdrawn) -> None:
        self.balance -= event.amount
        self.notes.append(f"-{event.amount}")


class Balances(View):
    id: str
    balance: int = 0

    @reducer
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount

    @reducer
    def withdrawn(self, event: Withdrawn) -> None:
        self.balance -= event.amount

    @query("SELECT coalesce(sum(balance), 0) FROM balances")
    def total(self) -> int: ...


class Bell:
    """A resource that remembers what was done with it."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.is_open = True


bells: list[Bell] = []


@asynccontextmanager
async def open_bell() -> AsyncIterator[Bell]:
    bell = Bell()
    bells.append(bell)
    yield bell
    bell.is_open = False


clockwork = Actions()


@clockwork.every(minutes=10)
async def ring(ctx: Context, bell: Bell) -> None:
    bell.rung.append(f"every {ctx.now:%H:%M}")


@clockwork.cron("30 * * * *")
async def chime(ctx: Context, bell: Bell) -> None:
    bell.rung.append(f"cron {ctx.now:%H:%M}")


plain = App("plain", entities=[Account], views=[Balances])
clocked = App("clocked", entities=[Account], actions=[clockwork], resources=[open_bell])


async def test_the_same_key_answers_the_same_and_adds_nothing() -> None:
    """A call that is sent again with its key takes effect once (G9)."""
    async with testing(plain) as t:
        once = t.ctx.entity(Account, "a", idempotency_key="p-77")

        replies = [await once.deposit(5), await once.deposit(5)]
        together = await asyncio.gather(
            *(t.ctx.entity(Account, "a", idempotency_key="p-78").deposit(3) for _ in range(9))
        )

        assert replies == [5, 5]
        assert together == [8] * 9
        assert len(await t.ctx.history(Account, "a")) == 2


async def test_a_key_outlasts_a_restart_and_stands_for_one_call_alone(tmp_path: Path) -> None:
    """A key that was used for another call is refused, and nothing is added (G9)."""
    async with testing(plain, store=f"sqlite:///{tmp_path}/a.db") as t:
        await t.ctx.entity(Account, "a", idempotency_key="k").deposit(5)
        await t.restart()
        once = t.ctx.entity(Account, "a", idempotency_key="k")

        assert await once.deposit(5) == 5
        with pytest.raises(KeyReused):
            await once.deposit(6)
        with pytest.raises(KeyReused):
            await once.withdraw(5)
        assert await t.ctx.entity(Account, "a").current() == 5


async def test_raising_after_emit_leaves_nothing_behind() -> None:
    """A refused command adds no event and leaves the state as it was (G3)."""
    async with testing(plain) as t:
        account = t.ctx.entity(Account, "a")
        await account.deposit(5)

        with pytest.raises(Rejected) as refused:
            await account.withdraw(7)

        assert refused.value.facts == {"balance": 5}
        assert (await account.current(), await account.all_notes()) == (5, ["+5"])
        assert [one.event for one in await t.ctx.history(Account, "a")] == [Deposited(5)]


class Purse(Entity):
    balance: int = 0

    @command
    def take(self, amount: int) -> int:
        self.balance -= amount
        if self.balance < 0:
            raise Rejected("insufficient funds")
        self.emit(Withdrawn(amount))
        return self.balance

    @query
    def current(self) -> int:
        return self.balance

    @reducer
    def withdrawn(self, event: Withdrawn) -> None:
        pass


async def test_raising_without_an_event_leaves_nothing_behind() -> None:
    """Although the author changed the state by hand, which only a reducer should do."""
    async with testing(App("purse", entities=[Purse])) as t:
        with pytest.raises(ImpureTurn, match=r"Purse\.take changed balance without an event") as caught:
            await t.ctx.entity(Purse, "a").take(7)

        assert isinstance(caught.value.__cause__, Rejected)
        assert await t.ctx.entity(Purse, "a").current() == 0


async def test_an_atomic_unit_lands_whole_or_not_at_all() -> None:
    """When one command of a unit is refused, the others leave nothing (G3)."""
    async with testing(plain) as t:
        await t.ctx.entity(Account, "a").deposit(10)

        async def move(unit: Context, amount: int) -> int:
            await unit.entity(Account, "b").deposit(amount)
            return await unit.entity(Account, "a").withdraw(amount)

        moved = await t.ctx.atomic(lambda unit: move(unit, 4))
        with pytest.raises(Rejected):
            await t.ctx.atomic(lambda unit: move(unit, 7))

        assert moved == 6
        assert [await t.ctx.entity(Account, id).current() for id in "ab"] == [6, 4]


async def test_many_units_and_commands_at_once_lose_nothing() -> None:
    """Units that touch the same entities run again until each stands alone (G1, G3)."""
    async with testing(plain) as t:
        await asyncio.gather(*(t.ctx.entity(Account, id).deposit(100) for id in "abc"))

        async def move(unit: Context, source: str, target: str) -> None:
            await unit.entity(Account, source).withdraw(1)
            await unit.entity(Account, target).deposit(1)

        pairs = [("a", "b"), ("b", "c"), ("c", "a"), ("b", "a")] * 5
        await asyncio.gather(
            *(t.ctx.atomic(lambda unit, pair=pair: move(unit, *pair)) for pair in pairs),  # type: ignore[misc]
            *(t.ctx.entity(Account, "b").deposit(2) for _ in range(10)),
        )

        balances = [await t.ctx.entity(Account, id).current() for id in "abc"]
        assert balances == [105, 115, 100]
        assert await t.ctx.view(Balances).total() == 320


async def test_a_context_reads_what_it_wrote_and_a_token_carries_it_on() -> None:
    """A view shows what its context wrote, and what a token brings from another one (G10)."""
    async with testing(plain) as t:
        for amount in range(1, 51):
            await t.ctx.entity(Account, f"a{amount}").deposit(amount)

        assert await t.ctx.view(Balances).total() == 1275
        other = Context(t.node.services, seen=int(t.ctx.token))
        assert await other.view(Balances).total() == 1275


async def test_io_in_a_command_is_refused_in_development() -> None:
    """Commands decide from their state alone; nothing of the refused one stays (G11)."""
    async with testing(plain) as t:
        account = t.ctx.entity(Account, "a")

        with pytest.raises(ImpureTurn, match="do this in an action"):
            await account.read_a_file()

        assert await account.deposit(1) == 1


class Meddler(Entity):
    """Changes its state by hand."""

    count: int = 0
    notes: list[str] = field(default_factory=list)

    @command
    def count_up(self) -> int:
        self.count += 1
        return self.count

    @command
    def deposit(self, amount: int) -> int:
        self.emit(Deposited(amount))
        self.notes.append("paid")
        return self.count

    @command
    def pay_in(self, amount: int) -> int:
        self.emit(Deposited(amount))
        return self.count

    @query
    def look(self) -> int:
        self.count += 1
        return self.count

    @reducer
    def deposited(self, event: Deposited) -> None:
        self.count += event.amount


@pytest.mark.parametrize("is_unit", [False, True])
@pytest.mark.parametrize("meddle", ["count_up", "deposit", "look"])
async def test_a_state_changed_without_an_event_is_refused_in_development(meddle: str, is_unit: bool) -> None:
    """It would be gone once the entity is loaded again; nothing of the refused turn stays."""

    async def call(ctx: Context) -> object:
        meddler = ctx.entity(Meddler, "a")
        return await getattr(meddler, meddle)(*([5] if meddle == "deposit" else []))

    async with testing(App("meddlers", entities=[Meddler])) as t:
        assert await t.ctx.entity(Meddler, "a").pay_in(2) == 2

        with pytest.raises(ImpureTurn, match=f"Meddler.{meddle} changed (count|notes) without an event"):
            await (t.ctx.atomic(call) if is_unit else call(t.ctx))

        assert await t.ctx.entity(Meddler, "a").pay_in(2) == 4
        assert len(await t.ctx.history(Meddler, "a")) == 2


async def test_what_does_not_fit_its_annotation_is_never_stored() -> None:
    """Arguments, events and replies are held to their annotations before anything is written."""
    async with testing(plain) as t:
        account = t.ctx.entity(Account, "a")

        with pytest.raises(Invalid) as invalid:
            await account.deposit("5")  # type: ignore[arg-type]
        with pytest.raises(WrongReply):
            await account.lie()
        with pytest.raises(WrongEvent):
            await account.misstate()

        assert invalid.value.field == "amount"
        assert await t.ctx.history(Account, "a") == []


@pytest.mark.parametrize("id", ["", "a\0b", "\ud800", "x" * 1001, 7])
async def test_an_id_that_no_store_can_keep_is_refused(id: str) -> None:
    """An id that cannot be kept is the caller's mistake, and touches nobody else's command."""
    async with testing(plain) as t:
        with pytest.raises(Invalid):
            t.ctx.entity(Account, id)
        with pytest.raises(Invalid):
            t.ctx.entity(Account, "a", idempotency_key=id)
        with pytest.raises(Invalid):
            t.ctx.schedule(Account.deposit, id, after=timedelta(hours=1))
        with pytest.raises(Invalid):
            t.ctx.schedule(Account.deposit, "a", after=timedelta(hours=1), name=id)
        with pytest.raises(Invalid):
            await t.ctx.atomic(nothing, idempotency_key=id)


async def nothing(_: Context) -> None:
    """A unit that does nothing."""


async def test_a_reply_is_not_changed_by_later_turns() -> None:
    """A list in a reply is the caller's own (G2)."""
    async with testing(plain) as t:
        account = t.ctx.entity(Account, "a")
        await account.deposit(1)

        notes, _ = await asyncio.gather(account.all_notes(), account.deposit(2))

        assert notes == ["+1"]


async def test_an_expected_version_is_held_to() -> None:
    """A command that expects another version is refused, with both versions told."""
    async with testing(plain) as t:
        await t.ctx.entity(Account, "a").deposit(1)

        with pytest.raises(WrongVersion) as wrong:
            await t.ctx.entity(Account, "a", expected_version=3).deposit(1)

        assert (wrong.value.expected, wrong.value.actual) == (3, 1)
        assert await t.ctx.entity(Account, "a", expected_version=1).deposit(1) == 2


async def test_an_entity_that_left_memory_comes_back_the_same(tmp_path: Path) -> None:
    """Passivation and snapshots change no answer, and a broken snapshot none either."""
    settings = Settings(residence=EvictionPolicy(most=3, idle=timedelta(minutes=1)))
    async with testing(plain, store=f"sqlite:///{tmp_path}/a.db", settings=settings) as t:
        for number in range(25):
            await t.ctx.entity(Account, f"a{number % 5}").deposit(number)
            await t.ctx.entity(Account, "often").deposit(1)
        directory = t.node.services.directory
        directory.sweep()
        live = len(directory.live)
        await directory.save_snapshots()
        await t.advance(minutes=2)
        directory.sweep()

        assert (live, len(directory.live)) == (3, 0)
        assert await t.ctx.entity(Account, "often").deposit(1) == 26
        assert await t.ctx.entity(Account, "a3").current() == 3 + 8 + 13 + 18 + 23


async def test_history_tells_what_was_and_what_would_be() -> None:
    """State at a version and at a time, what-if, and pages of ids."""
    async with testing(plain) as t:
        began = t.now
        await t.ctx.entity(Account, "a").deposit(5)
        await t.advance(hours=1)
        await t.ctx.entity(Account, "a").withdraw(2)
        await t.ctx.entity(Account, "b").deposit(9)

        assert (await t.ctx.state(Account, "a", version=1)).balance == 5
        assert (await t.ctx.state(Account, "a", time=began + timedelta(minutes=59))).balance == 5
        assert (await t.ctx.state(Account, "a")).balance == 3
        assert (await t.ctx.what_if(Account, "a", [Withdrawn(1), Deposited(7)])).balance == 9
        with pytest.raises(NotFound):
            await t.ctx.state(Account, "a", version=9)
        first = await t.ctx.ids(Account, limit=1)
        second = await t.ctx.ids(Account, page=first.next)
        assert [[one.id for one in page.items] for page in (first, second)] == [["a"], ["b"]]
        assert second.next is None


async def test_a_deleted_entity_keeps_its_last_event_or_nothing() -> None:
    """Versions go on after a deletion, and begin again after an erasure."""
    async with testing(plain) as t:
        account = t.ctx.entity(Account, "a")
        for amount in (1, 2, 3):
            await account.deposit(amount)

        removed = await t.ctx.delete(Account, "a")
        kept = [(one.version, one.event) for one in await t.ctx.history(Account, "a")]
        after = await account.deposit(4)
        erased = await t.ctx.delete(Account, "a", erase=True)
        anew = await account.deposit(5)

        assert (removed, kept) == (2, [(3, Deposited(3))])
        assert (after, erased, anew) == (7, 2, 5)
        assert [one.version for one in await t.ctx.history(Account, "a")] == [1]


async def test_timers_fire_once_never_early_and_after_a_restart(tmp_path: Path) -> None:
    """A scheduled command is durable, can be cancelled, and takes effect once."""
    async with testing(plain, store=f"sqlite:///{tmp_path}/a.db") as t:
        await t.ctx.schedule(Account.deposit, "a", after=timedelta(hours=2))(5)
        gone = await t.ctx.schedule(Account.deposit, "a", after=timedelta(hours=1), name="gone")(7)
        assert await t.ctx.cancel(gone)

        await t.advance(minutes=119)
        early = await t.ctx.entity(Account, "a").current()
        await t.restart()
        await t.advance(minutes=1)
        due = await t.ctx.entity(Account, "a").current()
        await t.advance(hours=9)

        assert (early, due, await t.ctx.entity(Account, "a").current()) == (0, 5, 5)
        assert await t.ctx.timers() == []


async def test_the_clock_sets_actions_off_and_resources_live_as_long_as_they() -> None:
    """Intervals count from the first start, cron from the hour, and a resource is closed at the end."""
    async with testing(clocked) as t:
        start = t.now.replace(minute=0, second=0, microsecond=0)
        await t.advance(minutes=61)
        bell = bells[-1]

        assert len([rung for rung in bell.rung if rung.startswith("every")]) == 6
        assert any(rung.startswith("cron") and rung.endswith(":30") for rung in bell.rung)
        assert bell.is_open
        assert t.now > start
    assert not bells[-1].is_open


def balances(*, version: int, factor: int) -> type[View]:
    """A view whose code is told apart by its version."""

    class Doubled(View, name="doubled", version=version):
        id: str
        balance: int = 0

        @reducer
        def deposited(self, event: Deposited) -> None:
            self.balance += event.amount * factor

        @query("SELECT sum(balance) FROM doubled")
        def total(self) -> int: ...

    return Doubled


async def test_a_changed_view_is_built_anew(tmp_path: Path) -> None:
    """A view whose code has changed is folded again from the first event (G6)."""
    store = f"sqlite:///{tmp_path}/a.db"
    before, after = balances(version=1, factor=1), balances(version=2, factor=2)
    async with testing(App("a", entities=[Account], views=[before]), store=store) as t:
        await t.ctx.entity(Account, "a").deposit(5)
        old = await t.ctx.view(before).total()  # type: ignore[attr-defined]

    async with testing(App("a", entities=[Account], views=[after]), store=store) as t:
        await t.settle()
        new = await t.ctx.view(after).total()  # type: ignore[attr-defined]

    assert (old, new) == (5, 10)


async def test_a_row_whose_reducer_fails_is_set_aside_and_others_go_on() -> None:
    """It keeps its last good state, its later events wait, and the view goes on with all others (G6)."""

    class Brittle(View):
        id: str
        total: int = 0

        @reducer
        def deposited(self, event: Deposited) -> None:
            self.total += event.amount
            if event.amount == 13:
                raise ValueError("unlucky")

    async with testing(App("a", entities=[Account], views=[Balances, Brittle])) as t:
        for id, amount in (("a", 1), ("a", 13), ("b", 20), ("a", 300)):
            await t.ctx.entity(Account, id).deposit(amount)
        await t.node.settle()

        assert await t.ctx.view(Balances).total() == 334
        assert await t.ctx.view(Brittle).get("a") == Brittle("a", 1)
        assert await t.ctx.view(Brittle).get("b") == Brittle("b", 20)
        [aside] = await t.node.services.database.set_aside("brittle")
        assert (aside.key, aside.position, aside.waiting) == ('"a"', 2, 2)
        assert "unlucky" in aside.error
