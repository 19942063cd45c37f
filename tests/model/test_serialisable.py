"""Declarations whose values JSON could not hold or give back: refused when compiled, with the fix."""

from collections import defaultdict
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, NamedTuple

import pytest
from msgspec import Struct, field

from actum import Actions, App, Context, DefinitionError, Entity, Event, View, command, query, reducer


class Card(Struct):
    number: str


class Cash(Struct):
    coins: int


class Wrong(Struct):
    count: int = None  # type: ignore[assignment]


@dataclass
class WrongData:
    counts: dict[str, int] = dataclass_field(default_factory=lambda: defaultdict(int))


class WrongTuple(NamedTuple):
    count: int = "7"  # type: ignore[assignment]


class Fine(Event):
    pass


def event_with(annotation: Any, *default: Any, **options: Any) -> type[Event]:
    """Declares an event with one field."""
    namespace = {"__annotations__": {"it": annotation}, "__module__": __name__}
    return type(Event)("Odd", (Event,), namespace | ({"it": default[0]} if default else {}), **options)


def entity_with(annotation: Any, default: Any) -> type[Entity]:
    """Declares an entity with one field."""
    namespace = {"__annotations__": {"it": annotation}, "__module__": __name__, "it": default}
    return type(Entity)("Odd", (Entity,), namespace, emits=[Fine])


TYPES: list[tuple[Any, str]] = [
    (Card | Cash, "all Struct types must be tagged"),
    (list[Card | Cash], "all Struct types must be tagged"),
    (str | bytes, "more than one str-like type"),
    (complex, "complex"),
    (object, "object"),
    (dict[tuple[int, int], int], "keys are strings, numbers"),
    (dict[str, dict[Card, int]], "keys are strings, numbers"),
    (set[list[int]], "must be hashable"),
    (Wrong, r"Wrong\.count is int, and its default None does not fit.*write `int \| None`"),
    (list[Wrong], r"Wrong\.count is int"),
    (WrongData, r"WrongData\.counts .*default defaultdict.*does not fit"),
    (WrongTuple | None, r"WrongTuple\.count is int, and its default '7' does not fit"),
]


@pytest.mark.parametrize(("annotation", "why"), TYPES)
def test_a_type_that_loses_values_is_refused_wherever_it_is_declared(annotation: Any, why: str) -> None:
    event = event_with(annotation)
    entity = entity_with(annotation | None, None) if annotation is not str | bytes else None
    actions = Actions()

    @actions.queue("odd")
    async def take(ctx: Context, message: Any) -> None: ...

    take.__annotations__["message"] = annotation

    def told(self: Any, it: Any) -> None: ...

    told.__annotations__["it"] = annotation
    asked = type(Entity)("Asked", (Entity,), {"told": command(told), "__module__": __name__}, emits=[Fine])

    with pytest.raises(DefinitionError, match=why):
        App("odd", entities=[type(Entity)("E", (Entity,), {"__module__": __name__}, emits=[event])])
    if entity is not None:
        with pytest.raises(DefinitionError, match=why):
            App("odd", entities=[entity])
    with pytest.raises(DefinitionError, match=why):
        App("odd", entities=[asked])
    with pytest.raises(DefinitionError, match=why):
        App("odd", actions=[actions])


@pytest.mark.parametrize(
    ("annotation", "default", "why"),
    [
        (int, None, r"its default None does not fit.*write `int \| None`"),
        (float, float("inf"), "its default inf does not fit"),
        (dict[str, int], field(default_factory=lambda: defaultdict(int)), "defaultdict"),
        (dict[str, Any], field(default_factory=lambda: {"a": (1,)}), "read back as"),
        (list[int], field(default_factory=tuple), r"its default \(\) does not fit"),
    ],
)
def test_a_default_that_is_no_value_of_its_type_is_refused(annotation: Any, default: Any, why: str) -> None:
    with pytest.raises(DefinitionError, match=why):
        App("odd", entities=[entity_with(annotation, default)])
    with pytest.raises(DefinitionError, match=why):
        App("odd", entities=[type(Entity)("E", (Entity,), {}, emits=[event_with(annotation, default)])])


def test_neither_may_a_column_a_parameter_or_a_reply_have_one() -> None:
    class Row(View):
        id: str
        count: int = None  # type: ignore[assignment]

        @reducer
        def fine(self, event: Fine) -> None: ...

    class Parameter(Entity, emits=[Fine]):
        @command
        def take(self, count: int = None) -> None: ...  # type: ignore[assignment]  # noqa: RUF013

    class Reply(Entity, emits=[Fine]):
        @query
        def give(self) -> Wrong: ...

    for declared in ({"views": [Row]}, {"entities": [Parameter]}, {"entities": [Reply]}):
        with pytest.raises(DefinitionError, match=r"count.* is int, and its default None does not fit"):
            App("odd", **declared)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("option", "why"),
    [("array_like", "no upcast could change them"), ("omit_defaults", "change when the default changes")],
)
def test_an_event_whose_history_would_change_its_meaning_is_refused(option: str, why: str) -> None:
    event = event_with(int, 5, **{option: True})

    with pytest.raises(DefinitionError, match=f"declared with {option}=True: .*{why}.*leave it out"):
        App("odd", entities=[type(Entity)("E", (Entity,), {}, emits=[event])])


class Brief(Struct, omit_defaults=True, frozen=True):
    count: int = 7


class Holding(Struct, frozen=True):
    briefs: list[Brief] = []


@pytest.mark.parametrize("annotation", [Brief, Brief | None, dict[str, list[Brief]], Holding])
def test_what_would_be_left_out_is_refused_however_deep_it_lies(annotation: Any) -> None:
    """In events, whose meaning would change, and in columns, where SQL would not find it."""
    event = event_with(annotation)
    columns = {"__annotations__": {"id": str, "it": annotation | None}, "it": None, "__module__": __name__}

    def fine(self: Any, event: Fine) -> None: ...

    view = type(View)("Odd", (View,), {**columns, "fine": reducer(fine)})

    with pytest.raises(
        DefinitionError, match=r"event Odd holds Brief, which has omit_defaults=True.*leave it out"
    ):
        App("odd", entities=[type(Entity)("E", (Entity,), {}, emits=[event])])
    with pytest.raises(
        DefinitionError, match=r"Odd\.it holds Brief, which has omit_defaults=True.*find NULL"
    ):
        App("odd", views=[view])


def test_what_msgspec_says_of_a_class_statement_is_told_as_a_mistake_of_the_declaration() -> None:
    with pytest.raises(DefinitionError, match="Using a mutable struct object"):
        event_with(Card, Card("7"))
    with pytest.raises(DefinitionError, match="Using a mutable struct object"):
        entity_with(Card, Card("7"))
