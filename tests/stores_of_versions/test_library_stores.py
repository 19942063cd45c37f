"""The stores of every kind that earlier versions wrote: each opens, is read as written, and goes on."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace

from actum import FORGOTTEN, Context, KeyReused, StepFailed, Taken, WorkflowCancelled
from actum.app import definition_of
from actum.errors import ForeignStore
from actum.launch import run
from actum.model.entity import entity_type
from actum.model.view import view_type
from actum.operations.repairs.audit import Act, list_acts, recorded
from actum.ports.database import Database, Letter
from actum.ports.journal import EventRange
from actum.runtime.instruments.tracing import traceparent_in
from actum.runtime.node import Node
from actum.stores.open import Stores, open_stores
from actum.stores.url import join
from tests.http.serving import serving
from tests.servers.dynamodb import url_of as table_url
from tests.servers.postgres import url_of
from tests.stores_of_versions import earlier
from tests.stores_of_versions.library import (
    ANN,
    BOB,
    CARD,
    COMMAND_KEY,
    ERASED_KEY,
    KEY,
    MOMENT,
    NAME,
    ONCE,
    REQUEST_KEY,
    SECRET,
    TRACE,
    UNIT_KEY,
    Book,
    Borrowed,
    Cards,
    Checked,
    Collection,
    Copy,
    Desk,
    Enrolled,
    Fined,
    Grade,
    Inspection,
    Joined,
    Loans,
    Member,
    Members,
    Names,
    Parcel,
    Pass,
    Patron,
    Patrons,
    Rang,
    Reservation,
    Restoration,
    Restored,
    Rights,
    Room,
    Rooms,
    Ticket,
    Tickets,
    Visit,
    Wish,
    app,
    borrow_for,
    library_on,
    outside,
)
from tests.stores_of_versions.objects import in_process, on_workerd, unpack
from tests.stores_of_versions.tables import restore

pytestmark = pytest.mark.slow

STORES = Path(__file__).parent / "stores" / NAME
VERSIONS = sorted(folder.name for folder in STORES.iterdir())
EARLIER = {"2026-11-29-before-moves", "2026-11-29-before-slices"}
LATER = [name for name in VERSIONS if name not in EARLIER]
"""Those that have claims, deadlines, workflows and slices of actions."""
BEFORE_PATRONS = EARLIER | {"2026-11-29-before-claim-keys", "2026-11-30-before-traces"}
NEWEST = [name for name in VERSIONS if name not in BEFORE_PATRONS]
"""Those that have personal data, states that are kept alone, expiries, traces and an audit log too."""
DAY = 86_400_000_000
ALL = ["sqlite", "postgres", "dynamodb", "objects"]

of_databases = pytest.mark.parametrize("kind", ["sqlite", "postgres"])
"""What the database keeps by itself, which for the other kinds is a SQLite file too."""
of_later = pytest.mark.parametrize("version", LATER)
of_newest = pytest.mark.parametrize("version", NEWEST)
of_streams = pytest.mark.parametrize("kind", ["sqlite", "postgres", "dynamodb"])
"""The kinds whose entities may have claims and personal data."""


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Returns when a condition holds; the test's own limit ends a wait for nothing."""
    while not await is_so():  # noqa: ASYNC110
        await asyncio.sleep(0.02)


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """The name of a version, which says when it was and what came next."""
    name: str = request.param
    return name


@pytest.fixture(params=ALL)
def kind(request: pytest.FixtureRequest) -> str:
    """A kind of store."""
    name: str = request.param
    return name


@pytest.fixture
async def url(request: pytest.FixtureRequest, kind: str, version: str, tmp_path: Path) -> AsyncIterator[str]:
    """A copy of a store that an earlier version wrote."""
    outside.begin_anew()
    request.getfixturevalue("monkeypatch").setenv("ACTUM_KEY", KEY)
    async with restored(request, kind, STORES / version, tmp_path) as found:
        yield found


@asynccontextmanager
async def restored(request: pytest.FixtureRequest, kind: str, kept: Path, folder: Path) -> AsyncIterator[str]:
    """Lays a store out as it was, and gives its URL."""
    match kind:
        case "sqlite":
            yield copied(kept / "store.sqlite", folder)
        case "postgres":
            server: Any = request.getfixturevalue("postgres")
            connection = await asyncpg.connect(url_of(server))
            await connection.execute(f"DROP SCHEMA IF EXISTS {NAME} CASCADE")
            await connection.execute("SET check_function_bodies = false")  # As pg_dump's own dumps have it.
            await connection.execute((kept / "postgres.sql").read_text())
            await connection.close()
            yield url_of(server, schema=NAME)
        case "dynamodb":
            table = table_url(request.getfixturevalue("dynamodb"), folder.name)
            await restore(table, (kept / "dynamodb.jsonl").read_bytes())
            yield join(table, copied(kept / "dynamodb.sqlite", folder))
        case _:
            unpack(kept / "objects.tar.gz", folder)
            tools = request.getfixturevalue("workerd_tools") if kind == "workerd" else None
            async with on_workerd(folder, tools) if tools else in_process(folder) as objects:
                yield join(objects, copied(kept / "objects.sqlite", folder))


def copied(file: Path, folder: Path) -> str:
    shutil.copy(file, folder / "store.db")
    return f"sqlite:///{folder / 'store.db'}"


@pytest.fixture
async def stores(url: str) -> AsyncIterator[Stores]:
    """The store, open, before an application has run on it."""
    async with open_stores(url) as stores:
        yield stores


@pytest.fixture
async def node(url: str) -> AsyncIterator[Node]:
    """The application of today on that store, and an outside world in which nothing fails any more."""
    async with run(definition_of(library_on(url)), store=url) as node:
        yield node


@pytest.fixture
def ctx(node: Node) -> Context:
    return Context(node.services)


async def test_events_of_every_version_are_read_as_they_were_written(ctx: Context) -> None:
    first, *rest = await ctx.history(Member, "m-1")
    torn = await ctx.history(Member, "m-2", after=2)

    assert (first.event, first.version, first.metadata.command) == (Joined("Ada ☂", Grade.CHILD), 1, "join")
    assert [recorded.event for recorded in rest] == [
        CARD,
        Borrowed(Copy("Ulysses")),
        Fined(Decimal("1.50")),
        Fined(Decimal("0.10")),
        Fined(Decimal("0.25")),
    ]
    assert [recorded.version for recorded in rest] == [2, 3, 4, 5, 6]
    assert {recorded.metadata.by for recorded in rest[:4]} == {"ann"}
    assert [recorded.event for recorded in torn] == [
        Borrowed(Copy("Emma")),
        Borrowed(Copy("torn", 5)),
        Borrowed(Copy("Dune", 7)),
    ]


async def test_states_are_as_they_were_and_go_on(ctx: Context) -> None:
    ada = await ctx.state(Member, "m-1")
    fines = await ctx.entity(Member, "m-1").fine(Decimal("0.15"))

    assert (ada.name, ada.grade, ada.rights) == ("Ada ☂", Grade.CHILD, Rights.READ | Rights.ORDER)
    assert (ada.copies, ada.fines, ada.version) == ([Copy("Ulysses")], Decimal("1.85"), 6)
    assert fines == Decimal("2.00")
    assert (await ctx.history(Member, "m-1", reverse=True, limit=1))[0].version == 7
    assert (await ctx.state(Member, "m-3")).grade is Grade.ADULT


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "dynamodb"])
async def test_snapshots_of_today_s_class_are_taken_and_those_of_an_earlier_one_are_not(
    stores: Stores,
) -> None:
    keys = [("Member", "m-1"), ("Member", "m-2")]
    of_today = {"Member": entity_type(Member).fingerprint}
    [today] = await stores.journal.load(keys[:1], of_today)
    [other] = await stores.journal.load(keys[:1], {"Member": entity_type(earlier.Member).fingerprint})

    assert today.snapshot is not None
    assert [stored.version for stored in today.events] == list(range(today.snapshot.version + 1, 7))
    assert other.snapshot is None


async def test_what_was_erased_or_pruned_stays_so_and_an_erasure_that_was_begun_is_ended(
    ctx: Context, node: Node
) -> None:
    database = node.services.database

    await until(lambda: _is_nothing_erased(database))

    assert [info.id for info in (await ctx.ids(Member)).items] == [
        "m-1",
        "m-2",
        "m-3",
        "m-4",
        "m-5",
        "m-7",
        "m-8",
    ]
    assert [recorded.version for recorded in await ctx.history(Member, "m-7")] == [2]
    assert [recorded.event for recorded in await ctx.history(Member, "m-8")] == [
        Joined("Hal again", Grade.ADULT)
    ]
    assert await ctx.view(Names).get("m-9") is None
    assert await ctx.entity(Member, "m-6").join("Fay again", Grade.CHILD) == "Fay again is child"
    assert await ctx.entity(Member, "m-7").fine(Decimal(1)) == Decimal("2.50")


async def _is_nothing_erased(database: Database) -> bool:
    return not await database.erasures()


async def test_the_key_of_a_command_answers_as_it_did(ctx: Context) -> None:
    member = ctx.entity(Member, "m-1", idempotency_key=COMMAND_KEY)

    assert await member.fine(Decimal("0.10")) == Decimal("1.60")
    with pytest.raises(KeyReused):
        await ctx.entity(Member, "m-1", idempotency_key=COMMAND_KEY).fine(Decimal("0.20"))
    assert (await ctx.state(Member, "m-1")).version == 6


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "dynamodb"])
async def test_the_key_of_a_unit_answers_as_it_did(ctx: Context) -> None:
    assert await ctx.atomic(borrow_for, ["m-4", "m-5"], "Odyssey", idempotency_key=UNIT_KEY) == [1, 1]
    with pytest.raises(KeyReused):
        await ctx.atomic(borrow_for, ["m-4", "m-5"], "Iliad", idempotency_key=UNIT_KEY)
    assert (await ctx.state(Member, "m-4")).copies == [Copy("Odyssey", 2)]


async def test_the_key_of_a_request_answers_as_it_did_unless_what_it_told_of_was_erased(url: str) -> None:
    async with serving(library_on(url), url) as http:
        told, reused, erased = [
            await http.post(f"/library/members/{id}/fines?price={price}", headers={"Idempotency-Key": key})
            for id, price, key in (
                ("m-1", "0.25", REQUEST_KEY),
                ("m-1", "0.35", REQUEST_KEY),
                ("m-9", "0.25", ERASED_KEY),
            )
        ]

    assert (told.status_code, told.text) == (201, "Ada ☂ owes 1.85")
    assert reused.status_code == 422
    assert (erased.status_code, "Ivy" in erased.text) == (410, False)


async def test_keys_are_forgotten_by_the_age_that_was_written(stores: Stores, kind: str) -> None:
    journal, database = stores.journal, stores.database
    [last] = await journal.feed(await journal.head() - 1, 1)
    keys = [("Member", "m-1", COMMAND_KEY)]

    early = await database.forget_sent(last.time - DAY), await journal.forget_replies(last.time - DAY)
    kept = await journal.replies(keys)
    sent = await database.forget_sent(last.time + DAY)
    replies = await journal.forget_replies(last.time + DAY)

    assert (early, kept != [None]) == ((0, 0), True)
    assert sent > 0
    # An object keeps its replies as long as its entity.
    assert (replies > 0) == (await journal.replies(keys) == [None]) == (kind != "objects")


@of_databases
async def test_rows_are_as_they_were_written_in_the_same_generation(node: Node, ctx: Context) -> None:
    database = node.services.database
    card = await ctx.view(Cards).get(CARD.card)
    fees = await ctx.view(Cards).fees_after(date(2031, 2, 2))
    generations = [(state.name, state.generation, state.fingerprint) for state in await database.views()]

    assert card == Cards(
        CARD.card,
        "",
        CARD.issued,
        CARD.expires,
        CARD.photo,
        0.1,
        CARD.rights,
        CARD.shelves,
        Decimal("2.50"),
        True,
    )
    assert fees == Decimal("2.50")
    assert ("cards", 1, view_type(Cards).fingerprint) in generations
    assert ("loans", 1, view_type(Loans).fingerprint) in generations


@of_databases
async def test_a_view_that_was_half_built_is_built_from_there_and_takes_over(
    node: Node, ctx: Context
) -> None:
    database = node.services.database
    before = [state for state in await database.views() if state.name == "members"]

    await until(lambda: _is_only(database, "members", 2))

    children = await ctx.view(Members).of_grade(Grade.CHILD)
    assert {state.generation for state in before} <= {1, 2}
    assert [(row.id, row.name, row.origin) for row in children[:2]] == [
        ("m-1", "Ada ☂", "half built"),
        ("m-2", "Bobby", ""),
    ]


@of_databases
async def test_a_rebuild_that_was_asked_for_is_done(node: Node, ctx: Context) -> None:
    database = node.services.database

    await until(lambda: _is_only(database, "names", 2))

    assert await database.rebuild_requests() == set()
    assert await ctx.view(Names).get("m-3") == Names("m-3", "Cy")


async def _is_only(database: Database, name: str, generation: int) -> bool:
    found = [state for state in await database.views() if state.name == name]
    return [(state.generation, state.is_live) for state in found] == [(generation, True)]


@of_databases
async def test_a_row_that_was_set_aside_is_and_its_events_are_folded_once_they_can_be(url: str) -> None:
    async with open_stores(url) as stores:
        [aside] = await stores.database.set_aside()
        waiting = await stores.database.waiting("loans", 1, aside.key, 10)
        events = await stores.journal.read(EventRange("Member", "m-2"))
    async with run(definition_of(app), store=url) as node:
        await until(lambda: _is_nothing_aside(node.services.database))
        row = await Context(node.services).view(Loans).get("m-2")

    assert (aside.view, aside.generation, aside.key, aside.waiting) == ("loans", 1, '"m-2"', 2)
    assert "the book is damaged" in aside.error
    assert waiting == [stored.position for stored in events[-2:]]
    assert row == Loans("m-2", 1 + 5 + 7)


async def _is_nothing_aside(database: Database) -> bool:
    return not await database.set_aside()


@of_databases
async def test_messages_that_wait_are_worked_on_in_order_and_marks_of_those_that_came_are_known(
    node: Node, ctx: Context
) -> None:
    await node.settle()
    await ctx.queue("parcels").send(Parcel("Dune", Decimal("3.30")), once=ONCE)
    with pytest.raises(KeyReused):
        await ctx.queue("parcels").send(Parcel("Iliad", Decimal("3.30")), once=ONCE)
    await node.settle()

    sent = [done for done in outside.done if done.startswith("send")]
    assert [done for done in sent if "Dune" not in done] == [
        "send Emma 1.10 for ann",
        "send Ulysses 2.20 for ann",
    ]
    assert sent.count("send Dune 3.30 for ann") == 1


@of_databases
async def test_events_that_wait_for_an_action_reach_it_and_those_that_it_had_do_not(node: Node) -> None:
    await until(lambda: _is_nothing_erased(node.services.database))
    await node.settle()

    printed = [done for done in outside.done if done.startswith("print m-")]
    assert sorted(printed) == ["print m-1", "print m-6", "print m-8", "print m-9"]
    assert [done for done in outside.done if done.startswith("greet")] == []


@of_databases
async def test_letters_are_as_they_were_and_what_was_asked_for_is_done(url: str) -> None:
    async with open_stores(url) as stores:
        letters = _without_patrons(await stores.database.letters())
    async with run(definition_of(app), store=url) as node:
        database = node.services.database
        await until(lambda: _is_left(database, 6))
        await Context(node.services).entity(Member, "m-3").settle()
        for letter in letters:
            await database.request_letter(letter.id, "retry")
        await until(lambda: _is_left(database, 0))
        has_left = (await Context(node.services).state(Member, "m-3")).has_left

    assert [
        (letter.action, letter.key, letter.status, letter.request, letter.attempts) for letter in letters
    ] == [
        ("bill", "Member/m-3", "dead", "retry", 1),
        ("bill", "Member/m-4", "dead", "skip", 1),
        ("bill", "Member/m-5", "dead", None, 1),
        ("bill", "Member/m-5", "waiting", None, 0),
        ("stamp", "Member/m-2", "dead", None, 1),
        ("stamp", "Member/m-2", "waiting", None, 0),
        ("post@queue:letters", "lost", "dead", None, 1),
        ("timers", "Member/m-3", "dead", None, 1),
    ]
    assert [bool(letter.failure) for letter in letters] == [number == 4 for number in range(8)]
    done = [done for done in outside.done if done.startswith(("bill", "stamp", "remind", "post"))]
    assert sorted(done) == [
        "bill m-3 1.50",
        "bill m-5 1.50",
        "bill m-5 1.50",
        "post lost",
        "stamp m-2",
        "stamp m-2",
    ]
    assert has_left


async def _is_left(database: Database, count: int) -> bool:
    return len(_without_patrons(await database.letters())) == count


def _without_patrons(letters: Sequence[Letter]) -> list[Letter]:
    """Gives those letters that stores of every version have."""
    return [letter for letter in letters if letter.action != "notify@queue:notices"]


@of_databases
async def test_timers_are_still_set_and_one_can_be_cancelled(node: Node, ctx: Context) -> None:
    await until(lambda: _is_nothing_erased(node.services.database))

    timers = [timer for timer in await ctx.timers() if timer.kind == "Member"]
    assert [(timer.entity_id, timer.command, timer.by) for timer in timers] == [
        ("m-1", "leave", ""),
        ("m-1", "leave", "ann"),
        ("m-2", "leave", "ann"),
    ]
    assert timers[1].name == "leaving"
    assert timers[2].due == int(MOMENT.timestamp()) * 1_000_000 + MOMENT.microsecond
    assert await ctx.cancel("leaving")
    assert len([timer for timer in await ctx.timers() if timer.kind == "Member"]) == 2


@of_later
@pytest.mark.parametrize("kind", ["sqlite", "postgres", "dynamodb"])
async def test_claims_are_still_held_and_can_be_handed_on(ctx: Context) -> None:
    for number in (1, 3):
        with pytest.raises(Taken):
            await ctx.entity(Book, "b-9").shelve("A ☂", number)
    await ctx.entity(Book, "b-9").shelve("A ☂", 2)
    await ctx.entity(Book, "b-8").shelve("B", 1)
    await ctx.entity(Book, "b-1").shelve("C", 1)
    await ctx.delete(Book, "b-2", erase=True)
    for number in (1, 3):
        await ctx.entity(Book, f"b-{number + 10}").shelve("A ☂", number)

    with pytest.raises(Taken):
        await ctx.entity(Book, "b-1").shelve("A ☂", 1)


@of_later
async def test_deadlines_fire_that_are_due_and_others_still_wait(ctx: Context) -> None:
    await until(lambda: _has_lapsed(ctx, "v-1"))
    await until(lambda: _has_lapsed(ctx, "v-4"))
    await until(lambda: _are_reserved(ctx, 1))

    waiting = [timer for timer in await ctx.timers() if timer.kind == "Reservation"]
    assert [(timer.entity_id, timer.command, timer.by) for timer in waiting] == [("v-2", "lapse", "ann")]
    assert (await ctx.state(Reservation, "v-1")).lapsed == "nobody came for Emma"
    assert (await ctx.state(Reservation, "v-3")).lapsed == ""
    await ctx.entity(Reservation, "v-2").keep()
    await until(lambda: _are_reserved(ctx, 0))


async def _has_lapsed(ctx: Context, id: str) -> bool:
    return (await ctx.state(Reservation, id)).lapsed != ""


async def _are_reserved(ctx: Context, count: int) -> bool:
    return len([timer for timer in await ctx.timers() if timer.kind == "Reservation"]) == count


@of_later
async def test_workflows_in_flight_end_and_no_step_of_theirs_is_run_again(ctx: Context) -> None:
    back, paused, failed = (ctx.workflow(Restoration, f"r-{number}") for number in (1, 2, 3))
    assert [(await one.status()).status for one in (back, paused)] == ["running", "paused"]
    await back.signal(Restored("Bea"))
    told = await ctx.workflow(Collection, "c-1").result()
    await paused.cancel()

    assert told == "complete: Emma is away, and back from Bea for 7.50"
    with pytest.raises(WorkflowCancelled):
        await paused.result()
    # Of a library with patrons, no message of an error is stored.
    with pytest.raises(StepFailed, match=r"nothing can be done for lost|may hold personal data"):
        await failed.result()
    assert [done for done in outside.done if done.startswith(("restore", "fetch"))] == ["fetch Ulysses back"]


@of_later
@pytest.mark.parametrize("kind", ["postgres"])
async def test_slices_of_an_action_go_on_from_where_each_was(stores: Stores, url: str) -> None:
    slices = await stores.database.slice_states("stamp")
    async with run(definition_of(app), store=url) as node:
        await Context(node.services).entity(Member, "m-1").borrow(Copy("Emma"))
        await node.settle()

    assert len(slices) > 1
    assert [done for done in outside.done if done.startswith("stamp")] == ["stamp m-1"]


@of_databases
async def test_clocks_go_on_with_the_moment_that_was_written(stores: Stores) -> None:
    [last] = await stores.journal.feed(await stores.journal.head() - 1, 1)

    due = await stores.database.tick("count@clock", at_first=0)

    assert 9_000 < (due - last.time) / 3_600_000_000 <= 10_000


@of_databases
async def test_it_belongs_to_its_application(url: str) -> None:
    with pytest.raises(ForeignStore, match="belongs to the application 'library'"):
        async with run(replace(definition_of(app), name="other"), store=url):
            pass


async def test_a_second_start_finds_the_same(url: str) -> None:
    for version in (7, 8):
        async with library_on(url).running(store=url) as ctx:
            await ctx.entity(Member, "m-1").borrow(Copy("Emma"))
            assert (await ctx.state(Member, "m-1")).version == version


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["workerd"])
async def test_objects_live_on_a_workerd_again(ctx: Context) -> None:
    ada = await ctx.state(Member, "m-1")
    again = await ctx.entity(Member, "m-1", idempotency_key=COMMAND_KEY).fine(Decimal("0.10"))
    count = await ctx.entity(Member, "m-1").borrow(Copy("Emma", 2))

    assert (ada.name, ada.fines, ada.version) == ("Ada ☂", Decimal("1.85"), 6)
    assert (again, count) == (Decimal("1.60"), 2)
    assert await ctx.view(Loans).get("m-1") == Loans("m-1", 1 + 2)


@of_newest
@of_streams
async def test_personal_data_is_opened_under_the_keys_that_were_kept(ctx: Context) -> None:
    first, second = await ctx.history(Patron, "ann")
    [ring] = [timer for timer in await ctx.timers() if timer.kind == "Patron" and timer.entity_id == "ann"]
    patron = ctx.entity(Patron, "ann")
    visit = ctx.workflow(Visit, "ann")

    assert (first.event, second.event) == (Enrolled(ANN), Rang(1))
    assert await patron.address() == ANN
    assert await ctx.view(Patrons).get("ann") == Patrons("ann", ANN)
    assert await ctx.view(Desk).get("ann") == Desk("ann", ANN)
    assert (ring.command, ring.name.endswith("ring")) == ("ring", True)
    await visit.signal(Wish("The Castle"))
    assert await visit.result() == f"card of {ANN}: {SECRET}, The Castle"
    assert await patron.ring("ann@new.example") == 2


@of_newest
@of_streams
async def test_who_was_forgotten_stays_so_and_can_come_back(ctx: Context) -> None:
    history = await ctx.history(Patron, "bob")

    assert [recorded.event for recorded in history] == [Enrolled(FORGOTTEN), Rang(1)]
    assert await ctx.entity(Patron, "bob").address() == FORGOTTEN
    assert await ctx.view(Patrons).get("bob") == Patrons("bob", FORGOTTEN)
    assert await ctx.view(Desk).get("bob") == Desk("bob", FORGOTTEN)
    visit = ctx.workflow(Visit, "bob")
    await visit.signal(Wish("The Castle"))
    # It comes from a run that has only what is left, and is sealed under the key of who is back.
    assert await visit.result() == "(forgotten): (forgotten), The Castle"
    assert await ctx.entity(Patron, "bob").enrol("bob@new.example") == "bob@new.example"


@of_newest
@of_streams
async def test_somebody_can_be_forgotten_today_whose_data_an_earlier_version_wrote(ctx: Context) -> None:
    await ctx.forget("ann")

    assert await ctx.entity(Patron, "ann").address() == FORGOTTEN
    assert await ctx.view(Patrons).get("ann") == Patrons("ann", FORGOTTEN)
    assert await ctx.view(Desk).get("ann") == Desk("ann", FORGOTTEN)


@of_newest
@of_streams
async def test_the_key_of_a_request_with_personal_data_answers_until_the_person_is_forgotten(
    url: str,
) -> None:
    async with serving(library_on(url), url) as http:
        of_ann, of_bob = [
            await http.post(f"/desk/patrons/{id}?email={email}", headers={"Idempotency-Key": f"enrol-{id}"})
            for id, email in (("ann", ANN), ("bob", BOB))
        ]

    assert (of_ann.status_code, of_ann.text) == (201, ANN)
    assert (of_bob.status_code, BOB in of_bob.text) == (410, False)


@of_newest
@of_streams
async def test_a_letter_with_personal_data_can_be_retried(node: Node) -> None:
    database = node.services.database
    [letter] = [one for one in await database.letters() if one.action == "notify@queue:notices"]

    await database.request_letter(letter.id, "retry")
    await until(lambda: _has_done(f"notify {ANN}"))

    assert ANN.encode() not in letter.body


async def _has_done(what: str) -> bool:
    return what in outside.done


@of_newest
@of_databases
async def test_an_entity_that_keeps_its_state_alone_goes_on_with_it(ctx: Context) -> None:
    hall = await ctx.state(Room, "hall")
    before = await ctx.entity(Room, "hall").furnish("Hall", 7)

    assert (hall.name, hall.seats, hall.version) == ("Great hall ☂", 120, 2)
    assert [recorded.version for recorded in await ctx.history(Room, "hall")] == [3]
    assert before == 120
    assert await ctx.view(Rooms).get("hall") == Rooms("hall", "Hall", 7)


@of_newest
async def test_what_has_expired_is_erased_and_what_has_not_still_waits(ctx: Context) -> None:
    await until(lambda: _is_gone(ctx, "t-1"))

    passes = [timer for timer in await ctx.timers() if timer.kind == "Pass"]
    assert [timer.entity_id for timer in passes] == ["p-1", "p-1"]
    assert (await ctx.state(Pass, "p-1")).gates == ["north"]
    assert await ctx.entity(Pass, "p-1").stamp("east") == 2


async def _is_gone(ctx: Context, id: str) -> bool:
    return await ctx.history(Ticket, id) == [] and await ctx.view(Tickets).get(id) is None


@of_newest
async def test_traces_go_on_with_what_was_stored_in_them(stores: Stores) -> None:
    journal, database = stores.journal, stores.database
    [event] = await journal.read(EventRange("Pass", "p-1"))
    [message] = await database.messages("labels", 0, 10)
    [timer] = [one for one in await database.timers() if one.name == "late p-1"]
    inspection = await database.workflow("Inspection", "p-1")

    assert inspection is not None
    traces = [
        traceparent_in(event.metadata),
        message.traceparent,
        timer.traceparent,
        inspection.traceparent,
    ]
    assert [traceparent.split("-")[1] for traceparent in traces] == [TRACE] * 4


@of_newest
async def test_what_waits_in_a_trace_is_worked_on(ctx: Context, node: Node) -> None:
    await ctx.workflow(Inspection, "p-1").signal(Checked("Bea"))

    assert await ctx.workflow(Inspection, "p-1").result() == "north checked by Bea"
    await until(lambda: _has_done("label north"))


@of_newest
async def test_the_audit_log_says_what_operators_did(stores: Stores) -> None:
    async with recorded(stores.database, "cy", Act("letters retry", "letter 1")):
        pass

    found = [(one.by, one.act, one.state, one.error) for one in (await list_acts(stores.database)).acts]

    assert found[0] == ("cy", Act("letters retry", "letter 1"), "done", "")
    assert found[1][:3] == ("bob", Act("views rebuild", "view names"), "failed")
    assert "no disk" in found[1][3]
    assert found[2] == ("ann", Act("letters skip", "letter 2", {"action": "bill"}), "done", "")
