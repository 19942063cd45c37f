"""Fills a store with something of everything that it keeps, as a process does that is killed in the end."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from decimal import Decimal

import httpx

from actum import Context
from actum.model.entity import entity_type
from actum.model.view import view_type
from actum.operations.repairs.audit import Act, recorded
from actum.ports.database import Database, Erasure
from actum.ports.journal import Journal
from actum.stores.open import open_stores
from tests.http.serving import serving
from tests.stores_of_versions import earlier
from tests.stores_of_versions.library import (
    ANN,
    BOB,
    CARD,
    COMMAND_KEY,
    DAMAGED,
    ERASED_KEY,
    KEY,
    MOMENT,
    ONCE,
    REQUEST_KEY,
    SECRET,
    SPAN,
    TRACEPARENT,
    UNIT_KEY,
    Book,
    Collection,
    Copy,
    Grade,
    Invoiced,
    Member,
    Members,
    Notice,
    Parcel,
    Patron,
    Reservation,
    Restoration,
    Room,
    Ticket,
    Visit,
    Wish,
    borrow_for,
    library_on,
    outside,
)
from tests.telemetry.spans import traced

LETTERS = 8
"""Letters of a library without patrons; one with them has a personal one as well."""
SOON = 120.0
"""Seconds until a deadline that is due when a test opens the store, and not before the process ends."""
BROKEN = frozenset({"m-3", "m-4", "m-5", "m-2 torn", "m-2", "lost", "ann"})


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Returns when a condition holds."""
    while not await is_so():  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def fill_as_earlier(url: str) -> None:
    """Leaves what the first release of the library wrote."""
    async with earlier.app.running(store=url) as ctx:
        for number, name in enumerate(["Ada ☂", "Bob"], 1):
            await ctx.entity(earlier.Member, f"m-{number}").join(name)
        await ctx.entity(earlier.Member, "m-2").join("Bobby")
        assert await ctx.view(earlier.Members).get("m-2") is not None


async def fill(url: str) -> None:
    """Leaves all else that a process writes by itself; actions wait and fail when it returns."""
    outside.begin_anew(is_open=False, broken=BROKEN)
    os.environ[DAMAGED] = "torn"
    os.environ["ACTUM_KEY"] = KEY
    app = library_on(url, has_members=False)
    with traced():
        async with serving(app, url) as http, app.running(store=url) as ctx:
            await _fill(ctx, http)
            os._exit(0)


async def _fill(ctx: Context, http: httpx.AsyncClient) -> None:
    services = ctx._services
    spans_streams, has_patrons, has_rooms = (kind in services.kinds for kind in ("Book", "Patron", "Room"))
    await _write_events(ctx, spans_streams=spans_streams)
    for id, key in (("m-1", REQUEST_KEY), ("m-9", ERASED_KEY)):
        sent = await http.post(f"/library/members/{id}/fines?price=0.25", headers={"Idempotency-Key": key})
        assert sent.status_code == 201, sent.text
    await ctx.delete(Member, "m-7")
    for id in ("m-8", "m-9"):
        await ctx.delete(Member, id, erase=True)
    await ctx.entity(Member, "m-8").join("Hal again", Grade.ADULT)
    await _send_messages(ctx)
    await ctx.schedule(Member.leave, "m-1", after=SPAN, name="leaving")()
    await ctx.schedule(Member.leave, "m-2", at=MOMENT, name="moment")()
    await ctx.schedule(Member.leave, "m-6", after=SPAN)()
    await ctx.schedule(Member.leave, "m-3", at=ctx.now, name="early")()
    if spans_streams:
        await _claim_places(ctx)
    await _begin_workflows(ctx)
    await _issue_passes(ctx, http)
    if has_patrons:
        await _enrol_patrons(ctx, http)
    if has_rooms:
        await ctx.entity(Room, "hall").furnish("Hall", 12)
        await ctx.entity(Room, "hall").furnish("Great hall ☂", 120)
    await _set_deadlines(ctx)
    letters = LETTERS + has_patrons
    await until(lambda: _is_all_tried(services.database, letters))
    if spans_streams:  # Objects make snapshots by themselves.
        await until(lambda: _has_snapshot(services.journal))
    # Its time must not be over before the process ends.
    await ctx.entity(Ticket, "t-1").issue("south")
    await until(lambda: _are_followed(ctx, "Ticket", ["t-1"]))
    # What the feed tells of last may not be in the database yet when the process ends.
    await ctx.entity(Reservation, "v-4").reserve("Dune", SOON)


async def _write_events(ctx: Context, *, spans_streams: bool) -> None:
    for number, name in enumerate(["Cy", "Dan", "Eve", "Fay", "Gus", "Hal", "Ivy"], 3):
        await ctx.entity(Member, f"m-{number}").join(name, Grade(["child", "adult"][number % 2]))
    ctx.by = "ann"
    await ctx.entity(Member, "m-1").issue_card(CARD)
    await ctx.entity(Member, "m-1").borrow(Copy("Ulysses"))
    for id in ("m-1", "m-3", "m-4", "m-5", "m-5", "m-6", "m-7"):
        await ctx.entity(Member, id).fine(Decimal("1.50"))
    await ctx.entity(Member, "m-1", idempotency_key=COMMAND_KEY).fine(Decimal("0.10"))
    await ctx.entity(Member, "m-2").borrow(Copy("Emma"))
    await ctx.entity(Member, "m-2").borrow(Copy("torn", 5))
    await ctx.entity(Member, "m-2").borrow(Copy("Dune", 7))
    if spans_streams:
        await ctx.atomic(borrow_for, ["m-4", "m-5"], "Odyssey", idempotency_key=UNIT_KEY)


async def _send_messages(ctx: Context) -> None:
    parcels = ctx.queue("parcels")
    await parcels.send(Parcel("Emma", Decimal("1.10")), key="p")
    await parcels.send(Parcel("Ulysses", Decimal("2.20")), key="p")
    await parcels.send(Parcel("Dune", Decimal("3.30")), once=ONCE)
    await ctx.queue("letters").send(Parcel("lost", Decimal("4.40")), key="lost")


async def _claim_places(ctx: Context) -> None:
    await ctx.entity(Book, "b-1").shelve("A ☂", 1)
    await ctx.entity(Book, "b-2").shelve("A ☂", 2)
    await ctx.entity(Book, "b-2").shelve("A ☂", 3)
    await ctx.entity(Book, "b-3").shelve("B", 1)
    await ctx.delete(Book, "b-3", erase=True)


async def _begin_workflows(ctx: Context) -> None:
    for id, book in (("r-1", "Emma"), ("r-2", "Ulysses"), ("r-3", "lost")):
        await ctx.workflow(Restoration, id).start(book)
    await ctx.workflow(Collection, "c-1").start("r-1")
    await ctx.workflow(Restoration, "r-1").signal(Invoiced(Decimal("7.50")), once=ONCE)
    await until(lambda: _is_waiting(ctx, "r-1"))
    await until(lambda: _is_waiting(ctx, "r-2"))
    await ctx.workflow(Restoration, "r-2").pause()
    await until(lambda: _has_status(ctx, "r-2", "paused"))
    await until(lambda: _has_status(ctx, "r-3", "failed"))


async def _is_waiting(ctx: Context, id: str) -> bool:
    return (await ctx.workflow(Restoration, id).status()).state == {"stage": "away"}


async def _has_status(ctx: Context, id: str, status: str) -> bool:
    return (await ctx.workflow(Restoration, id).status()).status == status


async def _issue_passes(ctx: Context, http: httpx.AsyncClient) -> None:
    traced = {"traceparent": TRACEPARENT}
    sent = await http.post("/library/passes/p-1?gate=north", headers=traced)
    assert sent.status_code == 201, sent.text
    await until(lambda: _are_followed(ctx, "Pass", ["p-1", "p-1"]))


async def _enrol_patrons(ctx: Context, http: httpx.AsyncClient) -> None:
    for id, email in (("ann", ANN), ("bob", BOB)):
        sent = await http.post(
            f"/desk/patrons/{id}?email={email}", headers={"Idempotency-Key": f"enrol-{id}"}
        )
        assert sent.status_code == 201, sent.text
        await ctx.entity(Patron, id).ring(email)
        await ctx.workflow(Visit, id).start(id, email)
        await ctx.workflow(Visit, id).signal(Wish(SECRET))
        await until(lambda id=id: _waits_for_a_wish(ctx, id))  # type: ignore[misc]
    await ctx.queue("notices").send(Notice("ann", ANN), key="ann")
    await ctx.forget("bob")


async def _waits_for_a_wish(ctx: Context, id: str) -> bool:
    return (await ctx.workflow(Visit, id).status()).state == {"stage": "waits"}


async def _set_deadlines(ctx: Context) -> None:
    await ctx.entity(Reservation, "v-1").reserve("Emma", SOON)
    await ctx.entity(Reservation, "v-2").reserve("Ulysses", SPAN.total_seconds())
    await ctx.entity(Reservation, "v-3").reserve("Iliad", SOON)
    await ctx.entity(Reservation, "v-3").keep()
    await until(lambda: _are_followed(ctx, "Reservation", ["v-1", "v-2"]))


async def _are_followed(ctx: Context, kind: str, ids: list[str]) -> bool:
    return [one.entity_id for one in await ctx.timers() if one.kind == kind] == ids


async def _is_all_tried(database: Database, count: int) -> bool:
    letters = await database.letters()
    aside = await database.set_aside()
    return len(letters) == count and bool(aside) and aside[0].waiting == 2


async def _has_snapshot(journal: Journal) -> bool:
    [loaded] = await journal.load([("Member", "m-1")], {"Member": entity_type(Member).fingerprint})
    return loaded.snapshot is not None


async def ask(url: str) -> None:
    """Leaves what is asked of a process that runs, begun and not done."""
    async with open_stores(url) as stores:
        journal, database = stores.journal, stores.database
        letters = {letter.key: letter.id for letter in reversed(await database.letters(action="bill"))}
        await database.request_letter(letters["Member/m-3"], "retry")
        await database.request_letter(letters["Member/m-4"], "skip")
        await database.request_rebuild("names")
        await database.begin_erasure(Erasure("Member", "m-6", await journal.last()))
        members = view_type(Members)
        state = await database.prepare_view(members)
        [first] = await journal.feed(0, 1)
        row = Members(id=first.id, name="Ada ☂", origin="half built")
        await database.project(
            members,
            state.generation,
            before=0,
            checkpoint=first.position,
            written=[members.row_to_sql(row)],
            deleted=[],
        )
        await _operate(database)


async def _operate(database: Database) -> None:
    async with recorded(database, "ann", Act("letters skip", "letter 2", {"action": "bill"}), subject="m-4"):
        pass
    with contextlib.suppress(RuntimeError):
        async with recorded(database, "bob", Act("views rebuild", "view names")):
            raise RuntimeError("no disk")
