"""Declarations that cannot work are refused before anything runs, with the fix."""

import re
from collections.abc import Callable
from typing import Annotated, Any

import pytest

from actum import Actions, App, Context, DefinitionError, Entity, Event, View, command, query, reducer
from actum.model.entity import entity_type
from actum.model.view import view_type


class Noted(Event):
    text: str


class Forgotten(Event):
    text: str


class Unserialisable:
    """A class that JSON knows nothing of."""


def async_command() -> None:
    class Bad(Entity):
        @command
        async def note(self) -> None: ...


def async_reducer() -> None:
    class Bad(Entity):
        @reducer
        async def noted(self, event: Noted) -> None: ...


def unserialisable_reply() -> None:
    class Bad(Entity):
        @command
        def note(self) -> Unserialisable:
            return Unserialisable()

    entity_type(Bad)


def command_returning(reply: Any) -> Callable[[], None]:
    def declare() -> None:
        class Bad(Entity, emits=[Noted, Forgotten]):
            @command
            def note(self) -> reply: ...

        entity_type(Bad)

    return declare


def unserialisable_argument() -> None:
    class Bad(Entity):
        @command
        def note(self, what: Unserialisable) -> None: ...

    entity_type(Bad)


def reply_without_annotation() -> None:
    class Bad(Entity):
        @command
        def note(self, text: str):  # type: ignore[no-untyped-def]
            self.emit(Noted(text))

        @reducer
        def noted(self, event: Noted) -> None: ...

    entity_type(Bad)


def argument_without_annotation() -> None:
    class Bad(Entity):
        @command
        def note(self, text) -> None: ...  # type: ignore[no-untyped-def]

    entity_type(Bad)


def variable_arguments() -> None:
    class Bad(Entity):
        @command
        def note(self, *texts: str) -> None: ...

    entity_type(Bad)


def reducer_without_event() -> None:
    class Bad(Entity):
        @reducer
        def noted(self, event: int) -> None: ...

    entity_type(Bad)


def two_reducers() -> None:
    class Bad(Entity):
        @reducer
        def noted(self, event: Noted) -> None: ...

        @reducer
        def again(self, event: Noted) -> None: ...

    entity_type(Bad)


def emitted_and_not_declared() -> None:
    class Bad(Entity):
        @command
        def forget(self, text: str) -> None:
            self.emit(Forgotten(text))

    entity_type(Bad)


def field_without_default() -> None:
    class Bad(Entity):
        text: str

    entity_type(Bad)


def reserved_field() -> None:
    class Bad(Entity):
        version: int = 0  # type: ignore[assignment]

    entity_type(Bad)


def mutable_event() -> None:
    class Bad(Event, frozen=False):
        text: str


def upcast_of_nothing() -> None:
    Noted.upcast(1)(lambda payload: payload)


def view_without_key() -> None:
    class Bad(View):
        text: str = ""

        @reducer
        def noted(self, event: Noted) -> None: ...

    view_type(Bad)


def view_field_of_no_column() -> None:
    class Bad(View):
        id: str
        text: complex = 0j

        @reducer
        def noted(self, event: Noted) -> None: ...

    view_type(Bad)


def query_over_unknown_table() -> None:
    class Bad(View):
        id: str

        @reducer
        def noted(self, event: Noted) -> None: ...

        @query("SELECT id FROM elsewhere")
        def all(self) -> list[str]: ...

    App("bad", views=[Bad])


def two_events_with_one_name() -> None:
    class Other(Event, name="Noted"):
        text: str

    class First(Entity, emits=Noted): ...

    class Second(Entity, emits=Other): ...

    App("bad", entities=[First, Second])


def two_entities_with_one_name() -> None:
    class First(Entity, name="same"): ...

    class Second(Entity, name="same"): ...

    App("bad", entities=[First, Second])


def missing_upcast() -> None:
    class Grown(Event, version=2):
        text: str

    class Bad(Entity, emits=Grown): ...

    App("bad", entities=[Bad])


def action_that_is_not_async() -> None:
    actions = Actions()

    @actions.on(Noted)
    def note(ctx: Context, event: Noted) -> None: ...

    App("bad", actions=[actions])


def action_for_another_event() -> None:
    actions = Actions()

    @actions.on(Forgotten)
    async def note(ctx: Context, event: Noted) -> None: ...

    App("bad", actions=[actions])


def queue_with_two_takers() -> None:
    actions = Actions()

    @actions.queue("letters")
    async def first(ctx: Context, message: str) -> None: ...

    @actions.queue("letters")
    async def second(ctx: Context, message: str) -> None: ...

    App("bad", actions=[actions])


def interval_of_nothing() -> None:
    Actions().every(hours=0)


def cron_that_is_none() -> None:
    actions = Actions()

    @actions.cron("every monday")
    async def greet(ctx: Context) -> None: ...

    App("bad", actions=[actions])


def resource_without_a_type() -> None:
    def open_mailer() -> Any: ...

    App("bad", resources=[open_mailer])


def name_that_is_none() -> None:
    App("no such name!")


@pytest.mark.parametrize(
    ("declare", "fix"),
    [
        (async_command, "make it a plain def"),
        (async_reducer, "make it a plain def"),
        (unserialisable_reply, "JSON cannot hold; use numbers, strings"),
        (unserialisable_argument, "use numbers, strings"),
        (reply_without_annotation, "write `-> None`"),
        (argument_without_annotation, "give it one"),
        (variable_arguments, "give each parameter a name"),
        (reducer_without_event, "annotate its parameter"),
        (two_reducers, "keep one"),
        (emitted_and_not_declared, "emits=[Forgotten]"),
        (field_without_default, "needs a default"),
        (reserved_field, "another name"),
        (mutable_event, "remove frozen=False"),
        (upcast_of_nothing, "raise version="),
        (view_without_key, "declare the field `id: str`"),
        (view_field_of_no_column, "use str, int"),
        (query_over_unknown_table, "elsewhere"),
        (two_events_with_one_name, "give one of them name="),
        (two_entities_with_one_name, "name="),
        (missing_upcast, "upcast(1)"),
        (action_that_is_not_async, "async def note"),
        (action_for_another_event, "add it to the annotation"),
        (queue_with_two_takers, "let that one call the other"),
        (interval_of_nothing, "must be positive"),
        (cron_that_is_none, "0 7 * * MON-FRI"),
        (resource_without_a_type, "resource open_mailer: write it as\n    @asynccontextmanager"),
        (name_that_is_none, "use letters"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_declaration_that_cannot_work_is_refused_with_the_fix(declare: Any, fix: str) -> None:
    """DefinitionError comes before anything runs, and says what to do."""
    with pytest.raises(DefinitionError, match=re.escape(fix)):
        declare()


@pytest.mark.parametrize(
    "reply",
    [
        Noted,
        Noted | None,
        list[Noted],
        Noted | Forgotten,
        dict[str, tuple[Noted, int]],
        Annotated[Noted, "it"],
    ],
    ids=str,
)
def test_a_command_that_returns_an_event_in_place_of_emitting_it_is_refused(reply: Any) -> None:
    """In other libraries commands return their events; here nothing would be stored."""
    fix = (
        "Bad.note returns Noted, but what a command returns is not stored: emit it with self.emit(Noted(...))"
    )

    with pytest.raises(DefinitionError, match=re.escape(fix)):
        command_returning(reply)()


def test_a_query_may_answer_with_events() -> None:
    class Notes(Entity):
        last: Noted | None = None

        @query
        def newest(self) -> Noted | None:
            return self.last

        @reducer
        def noted(self, event: Noted) -> None:
            self.last = event

    assert entity_type(Notes).queries["newest"].signature.returns == Noted | None
