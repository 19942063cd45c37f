"""Personal data of workflows: sealed where it is recorded, and read as forgotten while they go on."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import Struct

from actum import (
    App,
    Context,
    DefinitionError,
    Entity,
    Event,
    Forgotten,
    Invalid,
    Personal,
    PersonId,
    Rejected,
    View,
    Workflow,
    command,
    query,
    reducer,
)
from actum.app import definition_of
from actum.errors import NotFound
from actum.key_services.open import new_key
from actum.launch import run
from actum.ports.workflows import LoadedWorkflow, NewSignal
from actum.testing import given, testing
from actum.testing.application import Running

SECRET = "17 Forgettable Road"
OTHER = "4 Remembered Lane"


class Moved(Event):
    street: Personal[str]


class Resident(Entity, person="id"):
    street: Personal[str] = ""

    @command
    def move(self, street: Personal[str]) -> Personal[str]:
        self.emit(Moved(street))
        return self.street

    @query
    def where(self) -> Personal[str]:
        return self.street

    @reducer
    def moved(self, event: Moved) -> None:
        self.street = event.street


class Streets(View):
    id: PersonId
    street: Personal[str] = ""

    @reducer
    def moved(self, event: Moved) -> None:
        self.street = event.street


class Parcel(Struct):
    customer: PersonId
    address: Personal[str]


class Go(Struct):
    note: Personal[str]


class Held:
    """Holds up a step until a test lets it go on."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.released = asyncio.Event()


@asynccontextmanager
async def held() -> AsyncGenerator[Held]:
    yield Held()


async def slowly(street: Personal[str], held: Held) -> Personal[str]:
    held.begun.set()
    await held.released.wait()
    return street


async def label(street: Personal[str]) -> Personal[str]:
    return f"to {street}"


async def moved_by(ctx: Context, id: str, street: Personal[str]) -> Parcel:
    return Parcel(id, await ctx.entity(Resident, id).move(street))


async def leave(ctx: Context, id: str) -> str:
    await ctx.forget(id)
    return "forgotten"


class Move(Workflow, person="id"):
    """Records personal data in each way that a run has."""

    async def run(self, ctx: Context, street: Personal[str]) -> list[Personal[str]]:
        resident = ctx.entity(Resident, self.id)
        replied = await resident.move(street)
        asked = await resident.where()
        parcel = await ctx.atomic(moved_by, self.id, street)
        row = await ctx.view(Streets).get(self.id)
        child = ctx.workflow(Deliver, f"part of {self.id}")
        await child.start(Parcel(self.id, street))
        delivered = (await child.result()).address
        labelled = await self.step(label, street)
        note = (await self.receive(Go)).note
        return [replied, asked, parcel.address, "" if row is None else row.street, delivered, labelled, note]


class Deliver(Workflow):
    """Belongs to whoever its parcel is for."""

    async def run(self, ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(parcel.customer, await self.step(label, parcel.address))


class Slow(Workflow, person="id"):
    async def run(self, ctx: Context, street: Personal[str]) -> Personal[str]:
        kept = await self.step(slowly, street)
        await self.sleep(timedelta(days=1))
        return kept


class Kept(Workflow, person="id"):
    async def run(self, ctx: Context, street: Personal[str]) -> Personal[str]:
        kept = await self.step(slowly, street)
        return kept if isinstance(kept, Forgotten) else f"{street} as it was"


class Leave(Workflow, person="id"):
    """Forgets its own person in a step."""

    async def run(self, ctx: Context, street: Personal[str]) -> str:
        before = await self.step(label, street)
        done = await self.step(leave, self.id)
        after = "known" if isinstance(street, str) or isinstance(before, str) else "unknown"
        return f"{done}, {after}"


class Refuse(Workflow, person="id"):
    async def run(self, ctx: Context, street: Personal[str]) -> None:
        raise Rejected(f"nobody lives at {street}", code="nobody", street=street)


app = App(
    "moves",
    entities=[Resident],
    views=[Streets],
    workflows=[Move, Deliver, Slow, Kept, Leave, Refuse],
    resources=[held],
)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTUM_KEY", new_key())


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store of each technology that keeps workflows."""
    if request.param == "memory":
        return "memory:"
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'moves.db'}"
    return str(request.getfixturevalue("postgres_store"))


async def loaded(running: Running, cls: type[Workflow], id: str) -> LoadedWorkflow:
    [found] = await running.node.services.database.load_workflows(cls.__name__, [id])
    return found


async def texts_of(running: Running, *workflows: tuple[type[Workflow], str]) -> str:
    """Everything that is stored of workflows."""
    return "".join([repr(await loaded(running, *workflow)) for workflow in workflows])


async def test_each_way_to_record_is_sealed_and_reads_as_forgotten(store: str) -> None:
    """Replies, answers, rows, units, steps, other workflows and signals; another's stay as they are."""
    async with testing(app, store=store) as running:
        ctx = running.ctx
        for id, street in (("ann", SECRET), ("bob", OTHER)):
            await ctx.workflow(Move, id).start(street)
            await running.settle()
        everywhere = [(cls, f"{prefix}{id}") for id in ("ann", "bob") for cls, prefix in PLACES]
        stored = await texts_of(running, *everywhere)
        assert SECRET not in stored
        assert OTHER not in stored

        await ctx.forget("ann")
        for id in ("ann", "bob"):
            await ctx.workflow(Move, id).signal(Go(f"signed {id}"))
        await running.settle()

        ann, bob = [await ctx.workflow(Move, id).result() for id in ("ann", "bob")]
        assert bob == [OTHER, OTHER, OTHER, OTHER, f"to {OTHER}", f"to {OTHER}", "signed bob"]
        assert all(isinstance(one, Forgotten) for one in ann[:6])
        assert ann[6] == "signed ann"
        assert "signed ann" not in await texts_of(running, (Move, "ann"))


PLACES: list[tuple[type[Workflow], str]] = [(Move, ""), (Deliver, "part of ")]


async def test_a_workflow_in_flight_reads_what_was_forgotten_after_a_restart(store: str) -> None:
    if store == "memory:":
        pytest.skip("nothing outlasts it")
    async with testing(app, store=store) as running:
        for id in ("ann", "bob"):
            await running.ctx.workflow(Move, id).start(SECRET)
        await running.settle()
        await running.ctx.forget("ann")
        await running.restart()

        for id in ("ann", "bob"):
            await running.ctx.workflow(Move, id).signal(Go(id))
        await running.settle()

        ann, bob = [await running.ctx.workflow(Move, id).result() for id in ("ann", "bob")]
    assert (str(ann[0]), ann[6]) == ("(forgotten)", "ann")
    assert (bob[0], bob[6]) == (SECRET, "bob")


async def test_what_a_step_brings_that_began_before_is_forgotten_too(store: str) -> None:
    """It is not sealed under the key of a person who has come back, either."""
    async with testing(app, store=store) as running:
        ctx, gate = running.ctx, running.node.services.resources[Held]
        await ctx.workflow(Slow, "ann").start(SECRET)
        await gate.begun.wait()

        await ctx.forget("ann")
        await ctx.entity(Resident, "ann").move("a new street")
        gate.released.set()
        await running.advance(days=2)

        result: object = await ctx.workflow(Slow, "ann").result()
        assert isinstance(result, Forgotten)
        assert await ctx.entity(Resident, "ann").where() == "a new street"


async def test_another_process_forgets_while_a_step_is_under_way(postgres_url: str) -> None:
    """The process that runs the workflow records nothing that can be read, whoever runs it afterwards."""
    definition = definition_of(app)
    async with run(definition, store=postgres_url) as one, run(definition, store=postgres_url) as two:
        gates = {node: node.services.resources[Held] for node in (one, two)}
        await Context(one.services).workflow(Kept, "ann").start(SECRET)
        begun = [asyncio.create_task(gate.begun.wait()) for gate in gates.values()]
        await asyncio.wait(begun, return_when=asyncio.FIRST_COMPLETED)
        other = two if begun[0].done() else one
        for waiting in begun:
            waiting.cancel()

        await Context(other.services).forget("ann")
        for gate in gates.values():
            gate.released.set()

        result: object = await Context(other.services).workflow(Kept, "ann").result()
        [record] = (await other.services.database.load_workflows("Kept", ["ann"]))[0].records
    assert isinstance(result, Forgotten)
    assert SECRET.encode() not in record.body


async def test_a_workflow_may_forget_its_own_person(store: str) -> None:
    """What it has in memory goes with the end of the step, and the step is not done again for it."""
    async with testing(app, store=store) as running:
        await running.ctx.workflow(Leave, "ann").start(SECRET)
        await running.settle()

        assert await running.ctx.workflow(Leave, "ann").result() == "forgotten, unknown"
        people = running.node.services.people
        assert people is not None
        assert len(await people.keyring.store.forgettings()) == 1


async def test_an_error_keeps_its_code_and_forgets_its_words(store: str) -> None:
    async with testing(app, store=store) as running:
        workflow = running.ctx.workflow(Refuse, "ann")
        await workflow.start(SECRET)
        await running.settle(allows_failures=True)
        with pytest.raises(Rejected, match=f"nobody lives at {SECRET}") as before:
            await workflow.result()
        assert SECRET not in await texts_of(running, (Refuse, "ann"))
        assert "its message may hold personal data" in (await workflow.status()).error

        await running.ctx.forget("ann")

        with pytest.raises(Rejected, match=r"^\(forgotten\)$") as after:
            await workflow.result()
    assert (before.value.code, before.value.facts) == ("nobody", {"street": SECRET})
    assert (after.value.code, after.value.facts) == ("nobody", {})


async def test_a_signal_that_came_as_plain_text_is_sealed_when_it_is_taken() -> None:
    """The command line does not know the classes of signals."""
    async with testing(app) as running:
        await running.ctx.workflow(Move, "ann").start(OTHER)
        signal = NewSignal("Move", "ann", "Go", b'{"note":"%b"}' % SECRET.encode(), 1)
        await running.node.services.database.signal_workflow(signal)
        running.node.services.workflows.wake(("Move", "ann"))
        await running.settle()

        assert (await running.ctx.workflow(Move, "ann").result())[6] == SECRET
        assert SECRET not in await texts_of(running, (Move, "ann"))


async def test_the_portrait_shows_what_workflows_have_recorded(store: str) -> None:
    """Arguments, steps, signals that wait, and the outcome; nothing of others, and none once forgotten."""
    async with testing(app, store=store) as running:
        ctx = running.ctx
        for id, street in (("ann", SECRET), ("bob", OTHER)):
            await ctx.workflow(Refuse, id).start(street)
            await ctx.workflow(Slow, id).start(street)
            await ctx.workflow(Slow, id).signal(Go(f"for {street}"))
        gate = running.node.services.resources[Held]
        gate.released.set()
        await running.settle(allows_failures=True)

        portrait = await ctx.portrait("ann")

        found = {one.kind: one for one in portrait.workflows}
        assert {(one.kind, one.id, one.status) for one in portrait.workflows} == {
            ("Refuse", "ann", "failed"),
            ("Slow", "ann", "running"),
        }
        assert found["Refuse"].content["outcome"] == {
            "message": f"nobody lives at {SECRET}",
            "facts": {"street": SECRET},
        }
        assert found["Slow"].content["arguments"] == [SECRET]
        assert found["Slow"].content["step slowly"] == {"result": SECRET}
        assert [text for where, text in found["Slow"].content.items() if where.startswith("signal Go")] == [
            {"note": f"for {SECRET}"}
        ]
        assert OTHER not in repr(portrait)
        await ctx.forget("ann")
        with pytest.raises(NotFound):
            await ctx.portrait("ann")


async def test_the_person_may_be_named_by_an_argument_or_a_field_of_one() -> None:
    class Named(Workflow, person="customer"):
        async def run(self, ctx: Context, customer: str, street: Personal[str]) -> None: ...

    class Order(Struct):
        customer: str
        street: Personal[str]

    class Within(Workflow, person="customer"):
        async def run(self, ctx: Context, order: Order) -> None: ...

    async with testing(App("names", workflows=[Named, Within])) as running:
        await running.ctx.workflow(Named, "1").start("ann", SECRET)
        await running.ctx.workflow(Within, "1").start(Order("ann", SECRET))
        await running.settle()

        kinds = [one.kind for one in (await running.ctx.portrait("ann")).workflows]
        with pytest.raises(Invalid, match="'customer' holds no id of a person"):
            await running.ctx.workflow(Within, "2").start(Order("", SECRET))
    assert kinds == ["Named", "Within"]


async def test_an_example_of_a_workflow_may_hold_personal_data() -> None:
    outcome = await given(Slow, "ann").answers(slowly, "7 Any Street").when("6 Any Street").advance(days=2)

    outcome.then("7 Any Street")


class Loose(Workflow):
    async def run(self, ctx: Context, street: Personal[str]) -> None: ...


class Fielded(Workflow, person="id"):
    street: Personal[str] = ""

    async def run(self, ctx: Context) -> None: ...


class Misnamed(Workflow, person="customer"):
    async def run(self, ctx: Context, street: Personal[str]) -> None: ...


@pytest.mark.parametrize(
    ("cls", "why"),
    [
        (Loose, r'nothing says whose they are: write class Loose\(Workflow, person="id"\)'),
        (Fielded, "fields are what operators are shown"),
        (Misnamed, "its run takes no such parameter"),
    ],
)
def test_what_nobody_owns_or_everybody_sees_is_refused(cls: type[Workflow], why: str) -> None:
    with pytest.raises(DefinitionError, match=why):
        App("a", workflows=[cls])


async def step_of_nobody(ctx: Context) -> Personal[str]:
    return SECRET


class Steps(Workflow):
    async def run(self, ctx: Context) -> None:
        await self.step(step_of_nobody)


class Signals(Workflow):
    async def run(self, ctx: Context) -> None:
        await self.receive(Go)


@pytest.mark.parametrize("entities", [[Resident], []])
async def test_a_step_of_a_workflow_without_a_person_says_whose_its_result_is(
    entities: list[type[Entity]],
) -> None:
    """It stands still, by name, and nothing of it is recorded."""
    async with testing(App("a", entities=entities, workflows=[Steps, Signals])) as running:
        await running.ctx.workflow(Steps, "s").start()
        await running.ctx.workflow(Signals, "s").start()
        await running.settle(allows_failures=True)

        status = await running.ctx.workflow(Steps, "s").status()
        with pytest.raises(DefinitionError, match="the signal Go has Personal values"):
            await running.ctx.workflow(Signals, "s").signal(Go(SECRET))
        stored = await texts_of(running, (Steps, "s"), (Signals, "s"))
    assert status.status == "stalled"
    assert "step step_of_nobody: the result has Personal values" in status.error
    assert SECRET not in stored
