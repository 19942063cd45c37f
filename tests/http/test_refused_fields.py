"""Refused fields and methods: which it was, what is accepted, and what a value looks like."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest

from actum import Actions, App, Entity, Event, command, reducer
from tests.http.serving import serving


class Planned(Event):
    day: date


class Task(Entity):
    day: date | None = None

    @command
    def plan(self, day: date, at: datetime | None = None, who: UUID | None = None) -> None:
        self.emit(Planned(day))

    @reducer
    def planned(self, event: Planned) -> None:
        self.day = event.day


actions = Actions()
actions.expose(Task, path="/tasks/{id}")
app = App("tasks", entities=[Task], actions=[actions])


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("dya", "2026-11-30", "there is no such field here; the fields are day, at, who"),
        ("day", "tomorrow", "this is no date, such as 2026-11-30"),
        ("at", "noon", "this is no time with a date and a zone, such as 2026-11-30T14:00:00Z"),
        ("who", "x", "this is no UUID, such as 0b3f1c9e-6f0a-4c52-9d39-0d7a5d1f8a11"),
    ],
)
async def test_a_refused_field_is_named_with_what_is_accepted(field: str, value: Any, said: str) -> None:
    async with serving(app) as http:
        answer = await http.post("/tasks/a/plan", json={"day": "2026-11-30", field: value})

    problem = answer.json()
    assert (answer.status_code, problem["field"], problem["detail"]) == (400, field, f"{field}: {said}")


async def test_a_refused_method_is_answered_with_those_that_are_accepted() -> None:
    async with serving(app) as http:
        answer = await http.delete("/tasks/a/plan")

    assert answer.status_code == 405
    assert answer.json()["detail"] == "This address does not accept that method: it accepts POST, OPTIONS."
