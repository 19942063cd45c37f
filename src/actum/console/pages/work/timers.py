"""Timers: commands that are to be sent later, and deadlines of entities; one is cancelled."""

from typing import Any

from litestar import Response

from actum.console.visit import Visit
from actum.errors import Invalid
from actum.model.deadlines.deadline import PREFIX, deadline_name
from actum.model.deadlines.expiry import EXPIRE
from actum.operations.repairs.many import cancel_timer
from actum.ports.database import Timer
from actum.runtime.context.timers import MADE


async def show(visit: Visit) -> Response[Any]:
    """Shows a page of timers, the first that is due first."""
    limit = visit.limit()
    after = _place(visit.text("after", "0-0"))
    found = await visit.stores.database.timers(limit=limit, after=after)
    next = f"{found[-1].due}-{found[-1].id}" if len(found) == limit else None
    return visit.show(
        "work/timers.html", part="timers", timers=found, next=next, name_of=_name_of, what_of=_what_of
    )


async def cancel(visit: Visit) -> Response[Any]:
    """Cancels a timer that an action or a script has set."""
    name = visit.form.get("name", "")
    await cancel_timer(visit.stores, visit.services.timers, name, by=visit.operator)
    return visit.done("The timer is cancelled.", visit.url("work", "timers"))


def _name_of(timer: Timer) -> str:
    """Gives the name that an author has given; "" for one that Actum has made."""
    if timer.name.startswith(MADE):
        return ""
    return deadline_name(timer.name, timer.kind, timer.entity_id) or timer.name


def _what_of(timer: Timer) -> str:
    if timer.command == EXPIRE:
        return "expiry"
    return "deadline" if timer.name.startswith(PREFIX) else "timer"


def _place(text: str) -> tuple[int, int]:
    due, _, id = text.partition("-")
    if not (due + id).isdecimal() or not id or not due or len(text) > 40:
        raise Invalid(f"after={text}: pass on the address of the next page", field="after")
    return int(due), int(id)
