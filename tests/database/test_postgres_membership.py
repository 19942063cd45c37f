"""The membership in PostgreSQL: who is taken for dead, who takes over, and that nobody else gets through."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import asyncpg
import pytest

from actum.errors import LeaseLost, StaleWrite
from actum.model.view import view_type
from actum.ports.database import Binding, Database, NewLetter, NewTimer, Progress, SliceMove, SliceState
from actum.ports.membership import Lease, Membership, SoleMembership, slice_name
from actum.ports.message import NewMessage
from actum.ports.workflows import NewWorkflow, StepRecord, WorkflowChange
from actum.stores.postgres import membership as postgres_membership
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.database.database import open_database
from actum.stores.postgres.membership import PostgresMembership
from tests.runtime.bank import Balances

VIEW = view_type(Balances)
WORKS = ["action notify", "timers", "view balances"]
LETTER = NewLetter("notify", "a", 1, b"{}", "dead", 3, 0, "no", 5)

Write = Callable[[Database, int], Awaitable[object]]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has nobody taken for dead, and no beat given up, because the machine is slow."""
    monkeypatch.setattr(postgres_membership, "SILENT", timedelta(hours=1))
    monkeypatch.setattr(postgres_membership, "GONE", timedelta(hours=1))
    monkeypatch.setattr(postgres_membership, "MAX_BEAT_TIME", 60.0)


@pytest.fixture
async def database(postgres_pool: PostgresPool) -> Database:
    return await open_database(postgres_pool)


@pytest.fixture
async def first(database: Database) -> AsyncIterator[Membership]:
    membership = database.join(WORKS)
    yield membership
    await membership.leave()


@pytest.fixture
async def second(database: Database) -> AsyncIterator[Membership]:
    membership = database.join(WORKS)
    yield membership
    await membership.leave()


async def cut(membership: Membership) -> None:
    """Ends a process's session, as its death would."""
    assert isinstance(membership, PostgresMembership)
    membership._connection.terminate()
    await asyncio.sleep(0)


async def until_owned_by(membership: Membership, owner: int | None, work: str = WORKS[0]) -> None:
    """Returns when the membership shows who does a work."""
    async with asyncio.timeout(60):
        while (await membership.beat()).owners.get(work) != owner:  # noqa: ASYNC110 (another process's doing)
            await asyncio.sleep(0.02)


async def test_a_work_has_one_owner(first: Membership, second: Membership) -> None:
    """What is leased cannot be leased by another process, and everybody sees who has it."""
    one, two = await first.beat(), await second.beat()

    mine = await first.acquire(WORKS[:2])
    theirs = await second.acquire(WORKS)

    assert [lease.work for lease in mine] == WORKS[:2]
    assert [lease.work for lease in theirs] == WORKS[2:]
    state = await first.beat()
    assert state.owners == {WORKS[0]: one.me, WORKS[1]: one.me, WORKS[2]: two.me}
    assert state.able == {one.me: frozenset(WORKS), two.me: frozenset(WORKS)}


async def test_one_of_many_claims_a_work(database: Database) -> None:
    """Processes that lease at the same moment do not both get it."""
    memberships = [database.join(WORKS) for _ in range(8)]
    await asyncio.gather(*(membership.beat() for membership in memberships))

    leases = await asyncio.gather(*(membership.acquire(WORKS) for membership in memberships))

    assert sorted(lease.work for found in leases for lease in found) == WORKS
    await asyncio.gather(*(membership.leave() for membership in memberships))


async def test_what_is_given_up_is_free_at_once(first: Membership, second: Membership) -> None:
    """A process that stops in good order lets nobody wait."""
    await first.beat()
    await second.beat()
    [lease] = await first.acquire(WORKS[:1])
    await first.release([lease])
    [released] = await second.acquire(WORKS[:1])

    await second.leave()
    [left] = await first.acquire(WORKS[:1])

    assert lease.epoch < released.epoch < left.epoch


async def test_who_retires_takes_no_more(first: Membership, second: Membership) -> None:
    """Others count without it, and what it does already stays its own."""
    one, two = await first.beat(), await second.beat()
    await first.acquire(WORKS[:1])

    await first.retire()

    state = await second.beat()
    assert state.able == {one.me: frozenset(), two.me: frozenset(WORKS)}
    assert state.owners == {WORKS[0]: one.me}


async def test_a_dead_process_is_struck_off_before_its_silence_would_tell(
    first: Membership, second: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of its session is enough; while that lasts, its silence has to be long."""
    monkeypatch.setattr(postgres_membership, "GONE", timedelta(milliseconds=50))
    one = await first.beat()
    await first.acquire(WORKS)
    await asyncio.sleep(0.1)
    alive = (await second.beat()).owners

    await cut(first)
    await until_owned_by(second, None)

    assert alive == dict.fromkeys(WORKS, one.me)


async def test_a_silent_process_is_struck_off_although_its_session_lasts(
    first: Membership, second: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A paused process keeps its session; it comes back under another number, and owns nothing."""
    monkeypatch.setattr(postgres_membership, "SILENT", timedelta(milliseconds=50))
    one = await first.beat()
    await first.acquire(WORKS)

    await until_owned_by(second, None)
    monkeypatch.setattr(postgres_membership, "SILENT", timedelta(hours=1))
    again = await first.beat()

    assert again.me != one.me
    assert again.owners == {}


async def test_a_cut_session_comes_back_to_what_it_did(
    first: Membership, second: Membership, database: Database, postgres_url: str
) -> None:
    """A process whose connection is cut goes on under its number, if it is back in time."""
    one = await first.beat()
    await first.acquire(WORKS)
    assert isinstance(first, PostgresMembership)
    pid = await first._connection.fetchval("SELECT pg_backend_pid()")
    admin = await asyncpg.connect(postgres_url)
    await admin.execute("SELECT pg_terminate_backend($1, 60000)", pid)  # Returns when it has ended.
    await admin.close()

    again = None
    async with asyncio.timeout(60):
        while again is None:
            try:
                again = await first.beat()
            except Exception:  # noqa: BLE001  (the first use of a cut connection says that it was cut)
                await asyncio.sleep(0)

    assert again == one.__class__(one.me, again.able, dict.fromkeys(WORKS, one.me))
    assert (await second.beat()).owners == again.owners


async def test_a_claim_whose_answer_was_lost_can_be_claimed_again(first: Membership) -> None:
    """Nobody else could, and its epoch moves on."""
    await first.beat()
    [lost] = await first.acquire(WORKS[:1])

    [lease] = await first.acquire(WORKS[:1])

    assert lease == Lease(WORKS[0], lost.epoch + 1)


WRITES: dict[str, Write] = {
    "rebuild_view": lambda database, _: database.rebuild_view(VIEW),
    "promote_view": lambda database, _: database.promote_view(VIEW, 2),
    "project": lambda database, _: database.project(
        VIEW, 1, before=0, checkpoint=7, written=[("a", 70)], deleted=[]
    ),
    "save events": lambda database, _: database.save(
        Progress("notify", "events", before=3, checkpoint=8, letters=(LETTER,))
    ),
    "save slices": lambda database, _: database.save(
        Progress("sliced", "events", letters=(LETTER,), moves=(SliceMove(0, 3, 8), SliceMove(1, 4, 9)))
    ),
    "set_slices": lambda database, _: database.set_slices("sliced", {1: SliceState(99, {"Opened": 99})}),
    "save messages": lambda database, id: database.save(
        Progress("notify", "messages", done=(id,), letters=(LETTER,))
    ),
    "save timers": lambda database, id: database.save(Progress("notify", "timers", done=(id,))),
    "update_letter": lambda database, id: database.update_letter(
        id, status="retrying", attempts=9, due=9, error="again", failed_at=9
    ),
    "remove_letter": lambda database, id: database.remove_letter(id),
    "record_workflows workflows": lambda database, id: database.record_workflows(
        [WorkflowChange(id, "stalled", None, 0, 9, records=(StepRecord("charge", 1, 1, b"1", 9),))]
    ),
    "set_tick": lambda database, _: database.set_tick("report", 99),
    "set_triggers": lambda database, _: database.set_triggers("report", {"Opened": 99}, checkpoint=99),
}


async def everything(database: Database) -> list[object]:
    """Gives all that a write under a lease could have changed."""
    return [
        await database.views(),
        await database.ask("SELECT * FROM balances", {}, most=10),
        await database.checkpoint("notify", at_first=0),
        await database.tick("report", at_first=0),
        await database.triggers("report"),
        await database.slice_states("sliced"),
        await database.letters(),
        await database.timers(),
        await database.messages("payments", 0, 10),
        await database.workflows(),
        await database.workflow_records("Transfer", "t-1", limit=10),
    ]


@pytest.mark.parametrize("name", WRITES)
async def test_nothing_is_written_under_a_claim_that_has_passed_on(
    name: str, first: Membership, second: Membership, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A paused process that wakes up writes no checkpoint, no row, no letter, no timer, nothing."""
    id = await filled(database)
    await first.beat()
    [lease] = await first.acquire(WORKS[:1])
    before = await everything(database)

    await first.release([lease])
    await second.beat()
    [taken] = await second.acquire(WORKS[:1])
    with pytest.raises(LeaseLost):
        await WRITES[name](database.under(lease), id[name.partition(" ")[2] or "letters"])

    assert await everything(database) == before
    await WRITES[name](database.under(taken), id[name.partition(" ")[2] or "letters"])
    assert await everything(database) != before


async def test_of_several_leases_each_has_to_hold(
    first: Membership, second: Membership, database: Database
) -> None:
    """Nothing is written once one of them is lost, and the error says which: the others can go on."""
    await first.beat()
    await second.beat()
    await filled(database)
    leases = await first.acquire(WORKS)
    await first.release(leases[1:2])
    await second.acquire(WORKS)
    before = await everything(database)

    with pytest.raises(LeaseLost) as caught:
        await WRITES["save slices"](database.under(*leases), 0)

    assert caught.value.works == {WORKS[1]}
    assert await everything(database) == before
    await WRITES["save slices"](database.under(leases[0], leases[2]), 0)
    assert await everything(database) != before


async def test_a_slice_that_is_not_where_a_write_expects_it_keeps_its_place_and_letters(
    database: Database,
) -> None:
    """The others are written, with theirs; the process that wrote reads again where each is."""
    await database.set_slices("sliced", {0: SliceState(3, {"Opened": 1}), 1: SliceState(4, {})})
    letters = tuple(NewLetter("sliced", f"k{n}", n, b"", "dead", 1, 0, "no", 5, slice=n) for n in range(2))
    moves = (SliceMove(0, 3, 8), SliceMove(1, 3, 9))

    with pytest.raises(StaleWrite):
        await database.save(Progress("sliced", "events", letters=letters, moves=moves))

    assert await database.slice_states("sliced") == {0: SliceState(8, {"Opened": 1}), 1: SliceState(4, {})}
    assert [letter.key for letter in await database.letters()] == ["k0"]


async def test_slices_go_back_with_the_journal_that_they_follow(database: Database) -> None:
    """As the checkpoints of whole actions do, after `actum adopt`."""
    await database.bind(Binding("shop", "one"))
    await database.set_slices("sliced", {0: SliceState(3, {}), 1: SliceState(40, {})})
    reached = await database.reached()

    await database.start_over(Binding("shop", "one"), 30, is_other=False)

    assert reached == 40
    states = await database.slice_states("sliced")
    assert {number: state.checkpoint for number, state in states.items()} == {0: 3, 1: 30}


async def test_a_slice_and_its_whole_are_never_leased_at_the_same_time(
    first: Membership, database: Database
) -> None:
    """A process of a release before slices keeps the whole until it ends; afterwards nobody gets it again."""
    slices = [slice_name(WORKS[0], number, 2) for number in range(2)]
    later = database.join(slices)
    await first.beat()
    await later.beat()
    [whole] = await first.acquire(WORKS[:1])
    beside = await later.acquire(slices)

    await first.release([whole])
    taken = await later.acquire(slices)
    refused = await first.acquire(WORKS[:1])
    await later.leave()
    again = await first.acquire(WORKS[:1])

    assert beside == []
    assert [lease.work for lease in taken] == slices
    assert refused == again == []


async def test_a_successor_waits_for_a_write_that_is_under_way(
    first: Membership, second: Membership, database: Database, postgres_pool: PostgresPool
) -> None:
    """Nothing lands under a lease once another process holds the next."""
    await first.beat()
    await second.beat()
    [lease] = await first.acquire(WORKS[:1])
    async with postgres_pool.transaction() as connection:
        await database.under(lease)._fence.hold(connection)  # type: ignore[attr-defined]
        releasing = asyncio.create_task(first.release([lease]))
        await asyncio.wait({releasing}, timeout=0.5)
        during = await second.acquire(WORKS[:1])
        assert not releasing.done()

    await releasing
    after = await second.acquire(WORKS[:1])
    assert (during, [found.work for found in after]) == ([], WORKS[:1])


async def test_a_database_of_one_process_has_one_owner() -> None:
    """Where nobody else can be, everything is leased and nothing is fenced."""
    membership = SoleMembership(WORKS)
    leases = await membership.acquire(WORKS)

    assert [lease.work for lease in leases] == WORKS
    assert (await membership.beat()).owners == dict.fromkeys(WORKS, 1)


async def filled(database: Database) -> dict[str, int]:
    """Puts in something of everything, and gives the ids of what can be finished."""
    await database.prepare_view(VIEW)
    await database.rebuild_view(VIEW)
    await database.checkpoint("notify", at_first=3)
    await database.set_slices("sliced", {0: SliceState(3, {}), 1: SliceState(4, {})})
    await database.tick("report", at_first=5)
    await database.save(Progress("other", "messages", letters=(LETTER,)))
    await database.send([NewMessage("payments", None, b"{}", 5, "c")])
    [workflow] = await database.start_workflows([NewWorkflow("Transfer", "t-1", b"[]", "c", 5)])
    await database.add_timer(NewTimer("t", 5, "Account", "a", "deposit", b"[1]", "c"))
    [letter], [timer] = await database.letters(), await database.timers()
    async with asyncio.timeout(60):
        while not (messages := await database.messages("payments", 0, 10)):  # noqa: ASYNC110 (the server's)
            await asyncio.sleep(0.01)
    return {
        "slices": 0,
        "letters": letter.id,
        "timers": timer.id,
        "messages": messages[0].id,
        "events": 0,
        "workflows": workflow.number,
    }
