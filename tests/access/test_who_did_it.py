"""Who did it: the principal of a request is in every event that follows, whatever lies between."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from actum import Actions, App, Context, Entity, Event, Workflow, command, reducer
from actum.access import Access, signed_in
from actum.testing import testing
from actum.testing.application import Running
from tests.access.callers import AS_CLERK, KEYS

MINUTE = timedelta(minutes=1)


class Noted(Event):
    text: str


class Note(Entity):
    texts: list[str] = []  # noqa: RUF012 (each entity gets its own)

    @command
    def write(self, text: str) -> None:
        self.emit(Noted(text))

    @command
    def write_twice(self, text: str) -> None:
        """And once more, by a deadline of its own."""
        self.emit(Noted(text))
        self.schedule(Note.write, after=MINUTE)(f"{text}, by a deadline")

    @reducer
    def noted(self, event: Noted) -> None:
        self.texts = [*self.texts, event.text]


class Copying(Workflow):
    async def run(self, ctx: Context, text: str) -> None:
        await ctx.entity(Note, "workflow").write(text)
        await self.sleep(MINUTE)
        await ctx.entity(Note, "workflow").write(f"{text}, later")
        await ctx.queue("copies").send("from a workflow", key="k")


desk = Actions()
desk.expose(Note, path="/notes/{id}")


@desk.on(Noted)
async def react(ctx: Context, event: Noted) -> None:
    if ctx.event.id != "begun":
        return
    await ctx.entity(Note, "action").write("by an action")
    await ctx.queue("copies").send("from an action", key="k")
    await ctx.schedule(Note.write, "timer", after=MINUTE)("by a timer")
    await ctx.workflow(Copying, "w").start("by a workflow")


@desk.queue("copies")
async def copy(ctx: Context, message: str) -> None:
    await ctx.entity(Note, "queue").write(message)


app = App(
    "notes",
    entities=[Note],
    workflows=[Copying],
    actions=[desk],
    access=Access(KEYS, rules={Note: signed_in}),
)


@pytest.fixture
async def t() -> AsyncIterator[Running]:
    async with testing(app) as running:
        yield running


async def test_the_principal_and_the_cause_are_in_every_event_that_follows(t: Running) -> None:
    """Through an action, a message, a timer, a deadline and a workflow."""
    sent = await t.http.post("/notes/begun/write-twice", json={"text": "hello"}, headers=AS_CLERK)
    assert sent.status_code == 201
    await t.settle()
    await t.advance(minutes=2)
    await t.settle()

    events = {
        (id, recorded.event.text): recorded.metadata
        for id in ("begun", "action", "queue", "timer", "workflow")
        for recorded in await t.ctx.history(Note, id)
        if isinstance(recorded.event, Noted)
    }
    assert events.keys() == {
        ("begun", "hello"),
        ("begun", "hello, by a deadline"),
        ("action", "by an action"),
        ("queue", "from an action"),
        ("queue", "from a workflow"),
        ("timer", "by a timer"),
        ("workflow", "by a workflow"),
        ("workflow", "by a workflow, later"),
    }
    assert {metadata.by for metadata in events.values()} == {"till"}
    assert {metadata.correlation_id for metadata in events.values()} == {sent.headers["X-Correlation-ID"]}
    assert {place for place, metadata in events.items() if not metadata.causation_id} == {("begun", "hello")}


async def test_what_follows_from_a_request_needs_no_rule(t: Running) -> None:
    """The application itself does it: the rules were asked when the request came."""
    await t.http.post("/notes/begun/write", json={"text": "hello"}, headers=AS_CLERK)
    await t.settle()

    assert len(await t.ctx.history(Note, "action")) == 1
