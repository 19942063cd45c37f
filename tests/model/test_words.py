"""Mistakes that a library finds, said in our words and with advice that is right here."""

from datetime import date
from typing import Any, cast

import pytest
from msgspec import Struct, field

from actum import Actions, App, DefinitionError, Entity, Event, View, command, query, reducer
from actum.cli.failure import explain
from actum.errors import UndeclaredEvent, WrongEvent, WrongReply
from actum.testing import given

LATE = "the field owner has no default and comes after fields that have one: give it a default"


class Planned(Event):
    day: date
    share: float = 0.5
    until: date | None = None
    tags: list[str] = field(default_factory=list)


class Plan(Entity):
    day: date | None = None

    @command
    def plan(self, day: Any, name: str) -> None:
        self.emit(Planned(**{"day": date(2027, 1, 1), name: day}))

    @command
    def split(self) -> None:
        self.emit(Planned(date(2027, 1, 1), share=float("nan")))

    @command
    def emit_a_dict(self) -> None:
        self.emit(cast(Any, {"day": "2027-01-01"}))

    @command
    def hand_back(self) -> None:
        return cast(Any, Planned(date(2027, 1, 1)))

    @command
    def answer(self) -> None:
        return cast(Any, 5)

    @reducer
    def planned(self, event: Planned) -> None:
        self.day = event.day


def test_a_new_field_of_an_event_needs_a_default_for_stored_events() -> None:
    with pytest.raises(DefinitionError) as raised:

        class Moved(Event):
            day: date = date(2026, 1, 1)
            owner: str  # type: ignore[misc]

    assert str(raised.value) == (
        f"event Moved: {LATE}, with which stored events, that lack it, are read; or write version=2 and an "
        "upcast: class Moved(Event, version=2)"
    )


@pytest.mark.parametrize(
    ("base", "why"), [(Entity, "before its first event"), (View, "until an event sets it")]
)
def test_a_new_field_of_an_entity_or_a_view_needs_a_default(base: Any, why: str) -> None:
    with pytest.raises(DefinitionError, match=f": {LATE}, which .* {why}$"):
        type(base)("Task", (base,), {"__annotations__": {"day": str, "owner": str}, "day": ""})


def test_a_new_field_of_a_message_needs_a_default() -> None:
    with pytest.raises(TypeError) as raised:
        type(Struct)("Mail", (Struct,), {"__annotations__": {"day": str, "owner": str}, "day": ""})

    assert explain(raised.value).endswith(f"TypeError: {LATE}")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("day", "2027-01-01", "Planned.day must be a date, and was given the str '2027-01-01'"),
        ("day", 5, "Planned.day must be a date, and was given the int 5"),
        ("until", "2027-01-01", "Planned.until must be a date | None, and was given the str '2027-01-01'"),
        ("tags", "a", "Planned.tags must be a list[str], and was given the str 'a'"),
    ],
)
def test_a_value_of_another_type_in_an_event_is_named_with_both_types(
    name: str, value: Any, said: str
) -> None:
    given(Plan).when(Plan.plan, value, name).raises(WrongEvent, match=said)


def test_a_value_of_the_right_type_that_json_cannot_hold_is_still_said_to_be_that() -> None:
    given(Plan).when(Plan.split).raises(WrongEvent, match="does not fit its annotations")


def test_what_is_emitted_must_be_an_event() -> None:
    given(Plan).when(Plan.emit_a_dict).raises(
        UndeclaredEvent, match="is no event: emit an instance of an Event, as in self.emit(Planned(...))"
    )


def test_a_command_that_must_answer_none_is_told_so() -> None:
    with pytest.raises(AssertionError, match="must return None but returned 5"):
        given(Plan).when(Plan.answer)
    assert issubclass(WrongReply, Exception)


def test_an_event_that_is_returned_in_place_of_being_emitted_is_told_apart() -> None:
    with pytest.raises(
        AssertionError, match=r"must return None but returned .* so emit it with self\.emit\("
    ):
        given(Plan).when(Plan.hand_back)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELEC id FROM plans WHERE day < :by", "a query begins with SELECT, and this one with SELEC"),
        (
            "SELECT id FROM plans WHERE day < :by ORDER day",
            "this cannot stand here: 'ORDER', in: SELECT id FROM plans WHERE day < :by ORDER day",
        ),
        (
            "SELECT id FROM plans WHERE (day < :by",
            ") is missing at ':by', in: SELECT id FROM plans WHERE (day < :by",
        ),
        ("SELECT id FROM plans WHERE day < :by AND id = 'x", "a quote or a bracket in it is not closed"),
    ],
)
def test_sql_that_cannot_be_read_is_shown_as_it_was_written(sql: str, said: str) -> None:
    class Plans(View):
        id: str
        day: date | None = None

        @reducer
        def planned(self, event: Planned) -> None:
            self.day = event.day

        @query(sql)
        def until(self, by: date) -> list[str]: ...

    with pytest.raises(DefinitionError) as raised:
        App("plans", entities=[Plan], views=[Plans])

    assert str(raised.value) == f"Plans.until: the SQL cannot be read: {said}"


def test_a_path_must_say_the_types_of_its_parameters() -> None:
    actions = Actions()

    @actions.get("/due/{who}")
    async def due(who: str) -> str:
        return who

    with pytest.raises(DefinitionError, match=r"action due: the path /due/\{who\} .*: write \{who:str\}, or"):
        App("plans", actions=[actions])
