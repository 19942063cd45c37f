"""Claims: of many who want one value one gets it, on every store, and nothing is left of the others."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from actum import App, Context, Entity, Event, Rejected, Taken, command, query, reducer
from actum.app import definition_of
from actum.errors import AuthorError, DefinitionError, Invalid
from actum.launch import run
from actum.model.entity import entity_type
from actum.model.turn import Instance
from actum.ports.journal import StreamListing
from actum.runtime.clock import SystemClock
from actum.runtime.context.erasure import erase
from actum.runtime.node import Node
from actum.stores.memory import MemoryJournal
from actum.stores.open import open_stores
from actum.stores.url import join
from actum.testing.faults import Fault, FaultyJournal
from tests.runtime.nodes import START, database_in_memory, node_on, running

RACERS = 64


class Registered(Event):
    email: str


class Left(Event):
    email: str


class User(Entity):
    email: str = ""

    @command
    def register(self, email: str) -> str:
        self.claim("email", email)
        self.emit(Registered(email))
        return f"{self.id} has {email}"

    @command
    def change(self, email: str) -> None:
        self.release("email", self.email)
        self.emit(Registered(email))
        self.claim("email", email)

    @command
    def leave(self) -> None:
        self.release("email", self.email)
        self.emit(Left(self.email))

    @command
    def register_and_fail(self, email: str) -> None:
        self.claim("email", email)
        self.emit(Registered(email))
        raise Rejected("after all, no")

    @command
    def claim_only(self, email: str) -> None:
        self.claim("email", email)

    @command
    def claim_anything(self, kind: str) -> None:
        values: dict[str, Any] = {"none": None, "list": [1], "long": "x" * 5_000, "nan": float("nan")}
        self.emit(Registered(kind))
        self.claim("value", values[kind])

    @command
    def rename(self, email: str) -> None:
        self.emit(Registered(email))

    @query
    def address(self) -> str:
        return self.email

    @query
    def claim_in_query(self) -> None:
        self.claim("email", "x")

    @reducer
    def registered(self, event: Registered) -> None:
        self.email = event.email

    @reducer
    def left(self, event: Left) -> None:
        self.email = ""


class Offered(Event):
    seats: int


class Enrolled(Event):
    student: str


class Chose(Event):
    course: str


class Course(Entity):
    seats: int = 0
    students: list[str] = []  # noqa: RUF012

    @command
    def offer(self, seats: int) -> None:
        self.emit(Offered(seats))

    @command
    def enrol(self, student: str) -> None:
        if len(self.students) >= self.seats:
            raise Rejected("the course is full", code="full")
        self.emit(Enrolled(student))

    @query
    def taken(self) -> list[str]:
        return self.students

    @reducer
    def offered(self, event: Offered) -> None:
        self.seats = event.seats

    @reducer
    def enrolled(self, event: Enrolled) -> None:
        self.students.append(event.student)


class Student(Entity):
    courses: list[str] = []  # noqa: RUF012

    @command
    def choose(self, course: str, seat: int | None = None) -> None:
        if len(self.courses) >= 2:
            raise Rejected("two courses are enough", code="limit")
        if seat is not None:
            self.claim("seat", (course, seat))
        self.emit(Chose(course))

    @query
    def chosen(self) -> list[str]:
        return self.courses

    @reducer
    def chose(self, event: Chose) -> None:
        self.courses.append(event.course)


app = App("school", entities=[User, Course, Student])


@pytest.fixture(params=["memory", "sqlite", "postgres", "dynamodb", "dynamodb_local"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store of each kind."""
    match request.param:
        case "memory":
            return "memory:"
        case "sqlite":
            return f"sqlite:///{tmp_path / 'school.db'}"
        case "postgres":
            found: str = request.getfixturevalue("postgres_url")
            return found
        case dynamodb:
            table: str = request.getfixturevalue(f"{dynamodb}_url")
            return join(table, f"sqlite:///{tmp_path / 'school.db'}")


@pytest.fixture
async def node(url: str) -> AsyncIterator[Node]:
    async with run(definition_of(app), store=url) as node:
        yield node


@pytest.fixture
def ctx(node: Node) -> Context:
    return Context(node.services)


@pytest.fixture
async def in_memory() -> AsyncIterator[Context]:
    async with running(app, MemoryJournal()) as ctx:
        yield ctx


def of(results: Sequence[object], kind: type[object]) -> list[object]:
    return [one for one in results if isinstance(one, kind)]


async def streams_of(node: Node, kind: str) -> list[str]:
    return [info.id for info in (await node.services.journal.streams(StreamListing(kind))).items]


async def test_of_64_racers_for_one_email_one_wins_and_the_others_leave_nothing(
    node: Node, ctx: Context
) -> None:
    ids = [f"u-{n}" for n in range(RACERS)]

    results = await asyncio.gather(
        *(ctx.entity(User, id, idempotency_key=f"k-{id}").register("ann@example.org") for id in ids),
        return_exceptions=True,
    )

    [reply] = of(results, str)
    winner = str(reply).partition(" ")[0]
    journal = node.services.journal
    losers = [id for id in ids if id != winner]
    assert len(of(results, Taken)) == RACERS - 1
    assert await streams_of(node, "User") == [winner]
    assert len(await journal.feed(0, 100)) == 1
    assert [await ctx.entity(User, id).address() for id in losers] == [""] * (RACERS - 1)
    kept = [reply for id in losers for reply in await journal.replies([("User", id, f"k-{id}")])]
    assert kept == [None] * (RACERS - 1)
    # A loser may take another value at once, with the key that it had.
    assert await ctx.entity(User, losers[0], idempotency_key=f"k-{losers[0]}").register("bea") is not None


async def test_of_64_units_for_one_email_one_wins_and_the_others_leave_nothing(
    node: Node, ctx: Context
) -> None:
    async def join(id: str) -> str:
        async def unit(ctx: Context) -> str:
            await ctx.entity(Student, f"s-{id}").choose("latin")
            return await ctx.entity(User, id).register("ann@example.org")

        return await ctx.atomic(unit)

    results = await asyncio.gather(*(join(f"u-{n}") for n in range(RACERS)), return_exceptions=True)

    [reply] = of(results, str)
    winner = str(reply).partition(" ")[0]
    assert len(of(results, Taken)) == RACERS - 1
    assert await streams_of(node, "User") == [winner]
    assert await streams_of(node, "Student") == [f"s-{winner}"]


async def test_a_course_is_never_over_its_seats_nor_a_student_over_the_limit_by_units(ctx: Context) -> None:
    """64 students race for 10 seats in each of three courses, and may have two."""
    courses = ["latin", "greek", "logic"]
    for course in courses:
        await ctx.entity(Course, course).offer(3)

    async def subscribe(student: str, course: str) -> None:
        async def unit(ctx: Context) -> None:
            await ctx.entity(Course, course).enrol(student)
            await ctx.entity(Student, student).choose(course)

        await ctx.atomic(unit)

    students = [f"s-{n}" for n in range(RACERS)]
    racing = [(student, course) for course in courses for student in students]
    for start in range(0, len(racing), RACERS):
        await asyncio.gather(
            *(subscribe(*one) for one in racing[start : start + RACERS]), return_exceptions=True
        )

    enrolled = {course: await ctx.entity(Course, course).taken() for course in courses}
    chosen = {student: await ctx.entity(Student, student).chosen() for student in students}
    assert [len(each) for each in enrolled.values()] == [3, 3, 3]
    assert max(len(each) for each in chosen.values()) <= 2
    assert {(student, course) for course, each in enrolled.items() for student in each} == {
        (student, course) for student, each in chosen.items() for course in each
    }


async def test_a_course_is_never_over_its_seats_by_claims(ctx: Context) -> None:
    """Each of 64 racers claims the first seat that is free; the number of seats bounds them."""

    async def subscribe(student: str) -> int | None:
        for seat in range(5):
            try:
                await ctx.entity(Student, student).choose("latin", seat)
            except Taken:
                continue
            return seat
        return None

    seats = await asyncio.gather(*(subscribe(f"s-{n}") for n in range(RACERS)))

    assert sorted(seat for seat in seats if seat is not None) == [0, 1, 2, 3, 4]


async def test_a_claim_outlasts_a_restart_and_ends_with_an_erasure(url: str) -> None:
    if url == "memory:":
        pytest.skip("nothing outlasts it")
    async with run(definition_of(app), store=url) as node:
        await Context(node.services).entity(User, "a").register("ann")

    async with run(definition_of(app), store=url) as node:
        ctx = Context(node.services)
        with pytest.raises(Taken, match="User/b cannot claim this email"):
            await ctx.entity(User, "b").register("ann")
        await erase(node.services, ("User", "a"), "erased")
        await ctx.entity(User, "b").register("ann")
        with pytest.raises(Taken):
            await ctx.entity(User, "a").register("ann")


async def test_a_value_is_handed_on_when_it_is_released(ctx: Context) -> None:
    await ctx.entity(User, "a").register("ann")
    await ctx.entity(User, "a").change("bea")
    await ctx.entity(User, "b").register("ann")
    with pytest.raises(Taken):
        await ctx.entity(User, "b").change("bea")
    await ctx.entity(User, "a").leave()
    await ctx.entity(User, "b").change("bea")
    await ctx.entity(User, "c").register("ann")

    assert [await ctx.entity(User, id).address() for id in "abc"] == ["", "bea", "ann"]


async def test_a_release_and_a_claim_that_are_sent_together_land_in_their_order(ctx: Context) -> None:
    """Both are decided before either is durable."""
    await ctx.entity(User, "a").register("ann")
    await ctx.entity(User, "b").address()

    await asyncio.gather(ctx.entity(User, "a").leave(), ctx.entity(User, "b").register("ann"))

    with pytest.raises(Taken):
        await ctx.entity(User, "a").register("ann")


async def test_a_repeated_command_that_claimed_gets_its_reply_again(ctx: Context) -> None:
    first = await ctx.entity(User, "a", idempotency_key="k").register("ann")
    await ctx.entity(User, "a").leave()
    await ctx.entity(User, "b").register("ann")

    again = await ctx.entity(User, "a", idempotency_key="k").register("ann")

    assert again == first == "a has ann"


async def test_commands_behind_one_that_is_refused_run_again_on_the_durable_state(ctx: Context) -> None:
    """What was decided on the state after the refused claim is not lost, and does not show it."""
    await ctx.entity(User, "a").register("ann")
    await ctx.entity(User, "b").rename("first")

    refused, address = await asyncio.gather(
        ctx.entity(User, "b").register("ann"), ctx.entity(User, "b").address(), return_exceptions=True
    )

    assert isinstance(refused, Taken)
    assert (refused.name, refused.entity, refused.code) == ("email", "User/b", "taken")
    assert address == "first"


async def test_a_refused_command_claims_nothing(in_memory: Context) -> None:
    with pytest.raises(Rejected):
        await in_memory.entity(User, "a").register_and_fail("ann")
    await in_memory.entity(User, "a").rename("other")

    assert await in_memory.entity(User, "b").register("ann") == "b has ann"


def test_a_turn_that_raises_leaves_no_claim() -> None:
    kind = entity_type(User)
    instance = Instance(kind, "a")

    with pytest.raises(Rejected):
        instance.decide(kind.commands["register_and_fail"], ("ann",), START)

    assert instance.claims is None
    instance.decide(kind.commands["register"], ("ann",), START)
    assert instance.claims is not None
    assert [(name, is_released) for name, _, is_released in instance.claims] == [("email", False)]


async def test_a_refused_command_within_a_unit_claims_nothing(in_memory: Context) -> None:
    async def unit(ctx: Context) -> None:
        with pytest.raises(Rejected):
            await ctx.entity(User, "a").register_and_fail("ann")
        await ctx.entity(User, "a").rename("other")

    await in_memory.atomic(unit)

    assert await in_memory.entity(User, "b").register("ann") == "b has ann"


async def test_a_command_that_claims_has_to_emit(in_memory: Context) -> None:
    with pytest.raises(AuthorError, match="claim_only claimed or released a value and emitted no event"):
        await in_memory.entity(User, "a").claim_only("ann")
    await in_memory.entity(User, "a").rename("other")

    assert await in_memory.entity(User, "b").register("ann") == "b has ann"


async def test_only_commands_claim(in_memory: Context) -> None:
    with pytest.raises(AuthorError, match="only a command may claim"):
        await in_memory.entity(User, "a").claim_in_query()


@pytest.mark.parametrize(
    ("kind", "error", "said"),
    [
        ("none", AuthorError, "cannot claim a NoneType"),
        ("list", AuthorError, "cannot claim a list"),
        ("long", Invalid, "5,000 characters"),
        ("nan", Invalid, "no number"),
    ],
)
async def test_what_cannot_be_claimed_is_refused(
    in_memory: Context, kind: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        await in_memory.entity(User, "a").claim_anything(kind)


async def test_events_record_digests_of_what_was_claimed_and_never_the_value() -> None:
    journal = MemoryJournal()
    async with running(app, journal) as ctx:
        await ctx.entity(User, "a").register("ann@example.org")
        await ctx.entity(User, "a").leave()
        first, second = await journal.feed(0, 10)

    assert b'"claims":[["email","' in first.metadata
    assert b'",false]]' in first.metadata
    assert b'",true]]' in second.metadata
    assert b"ann" not in first.metadata


@pytest.mark.parametrize("fault", [Fault.BEFORE, Fault.AFTER, Fault.DELAY])
async def test_an_interrupted_append_tells_winner_and_losers_the_truth(fault: Fault, url: str) -> None:
    """The connection is lost before, in or after the append, twice, so nobody knows whether it landed."""
    async with open_stores(url) as stores:
        journal = FaultyJournal(stores.journal)
        async with node_on(app, journal, stores.database, clock=SystemClock()) as node:
            ctx = Context(node.services)
            await ctx.entity(User, "z").register("zoe")
            await ctx.entity(User, "y").register("yan")
            journal.plan("append", fault, fault)

            results = await asyncio.gather(
                ctx.entity(User, "a").register("ann"),
                ctx.entity(User, "b").register("ann"),
                ctx.entity(User, "c").register("zoe"),
                ctx.entity(User, "d").register("dan"),
                ctx.entity(User, "y").change("yves"),
                return_exceptions=True,
            )

            assert results[0] == "a has ann"
            assert isinstance(results[1], Taken)
            assert isinstance(results[2], Taken)
            assert results[3:] == ["d has dan", None]
            events = [event.id for event in await journal.feed(0, 10)]
            assert events == ["z", "y", *events[2:]]
            assert sorted(events[2:]) == ["a", "d", "y"]
            assert await ctx.entity(User, "b").register("yan") == "b has yan"
            for email in ("ann", "zoe", "dan", "yves"):
                with pytest.raises(Taken):
                    await ctx.entity(User, "e").register(email)


async def test_a_store_that_cannot_keep_claims_says_so_at_the_start_and_at_the_call() -> None:
    class Narrow(MemoryJournal):
        why_no_claims = "it has no room"

    async with database_in_memory() as database:
        with pytest.raises(DefinitionError, match=r"User\.change claims .* it has no room"):
            async with node_on(app, Narrow(), database):
                pass


class Hidden(Entity):
    """Claims where its code does not show it."""

    email: str = ""

    @command
    def register(self, email: str) -> None:
        getattr(self, "claim")("email", email)  # noqa: B009
        self.emit(Registered(email))

    @reducer
    def registered(self, event: Registered) -> None:
        self.email = event.email


async def test_a_claim_that_the_code_does_not_show_is_refused_when_it_is_made() -> None:
    class Narrow(MemoryJournal):
        why_no_claims = "it has no room"

    async with running(App("hidden", entities=[Hidden]), Narrow()) as ctx:
        with pytest.raises(DefinitionError, match="it has no room"):
            await ctx.entity(Hidden, "a").register("ann")
        with pytest.raises(DefinitionError, match="it has no room"):
            await ctx.atomic(lambda ctx: ctx.entity(Hidden, "a").register("ann"))
        assert (await ctx.history(Hidden, "a")) == []


class Freed(Event):
    pass


class Room(Entity):
    """Has a command and a field with the names of Actum's own methods, as applications had before them."""

    claim: int = 0

    @command
    def release(self, reason: str) -> str:  # type: ignore[override]
        self.emit(Freed())
        return reason

    @reducer
    def freed(self, event: Freed) -> None:
        self.claim += 1


async def test_an_entity_may_have_a_command_called_release() -> None:
    async with running(App("rooms", entities=[Room]), MemoryJournal()) as ctx:
        assert await ctx.entity(Room, "a").release("cleaned") == "cleaned"
    assert entity_type(Room).claiming is None


def test_a_command_that_claims_costs_no_watching() -> None:
    """Its code shows that it changes the state through its events alone."""
    assert entity_type(User).commands["register"].is_steady
    assert entity_type(User).claiming is not None
