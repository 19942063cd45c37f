"""Requests for one or for many things at once, each recorded: letters, workflows, timers."""

from collections.abc import Collection, Sequence
from typing import Literal

from msgspec import Struct

from actum.app import App
from actum.errors import ActumError, Invalid, NotFound
from actum.model.deadlines.deadline import PREFIX
from actum.model.error_text import error_message
from actum.operations.letters.requests import LetterSummary, request_letters
from actum.operations.page import MAX_PAGE
from actum.operations.repairs.audit import Act, recorded
from actum.operations.workflows import request_workflow
from actum.ports.letter import Request
from actum.ports.workflows import WorkflowKey
from actum.runtime.context.timers import Timers
from actum.stores.open import Stores

WorkflowRequest = Literal["pause", "resume", "cancel", "retry", "restart"]
MAX_NAMED = 50
"""How many targets an entry of the audit log names."""


class Asked(Struct, frozen=True):
    """What became of a request for one of several: `error` says why it was refused, "" if it was taken."""

    target: str
    error: str = ""


async def ask_for_letters(
    stores: Stores, app: App, letters: Collection[LetterSummary], request: Request, *, by: str
) -> None:
    """Asks the process that runs the application to retry or to skip letters, and records who asked.

    Raises NotFound, and asks for none, if one is of an action that the application no longer has.
    """
    named = _named("letter", [str(letter.id) for letter in letters])
    facts = {"actions": ", ".join(sorted({letter.action for letter in letters}))}
    async with recorded(stores.database, by, Act(f"letters {request}", named, facts)):
        await request_letters(stores, app, letters, request)


async def ask_for_workflow(stores: Stores, kind: str, id: str, request: str, *, by: str) -> None:
    """Asks the process that runs a workflow for something, such as `restart:2:charge`, and records it.

    Raises NotFound for one that does not exist, and WrongStatus where it is not in a state for that.
    """
    name, _, which = request.partition(":")
    number, _, step = which.partition(":")
    facts = {"step": step, "number": number} if step else {}
    async with recorded(stores.database, by, Act(f"workflows {name}", f"{kind}/{id}", facts)):
        await request_workflow(stores, kind, id, request)


async def ask_for_workflows(
    stores: Stores, keys: Sequence[WorkflowKey], request: WorkflowRequest, *, by: str
) -> list[Asked]:
    """Asks for the same of several workflows, and says for each whether it was taken."""
    if len(keys) > MAX_PAGE:
        raise Invalid(f"{len(keys):,} workflows: at most {MAX_PAGE:,} at once")
    asked = []
    for kind, id in keys:
        try:
            await ask_for_workflow(stores, kind, id, request, by=by)
        except ActumError as error:
            asked.append(Asked(f"{kind}/{id}", error_message(error)))
        else:
            asked.append(Asked(f"{kind}/{id}"))
    return asked


async def cancel_timer(stores: Stores, timers: Timers, name: str, *, by: str) -> None:
    """Cancels a timer that an action or a script has set; raises NotFound if it has fired or never was.

    Raises Invalid for the deadline of an entity, which follows from its events: a command cancels it.
    """
    if name.startswith(PREFIX):
        raise Invalid("this deadline follows from its entity's events: send the command that cancels it")
    async with recorded(stores.database, by, Act("timers cancel", name)):
        if not await timers.cancel(name):
            raise NotFound(f"there is no timer {name!r}: it has fired, or was cancelled")


def _named(what: str, names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{what} {names[0]}"
    more = f" and {len(names) - MAX_NAMED:,} more" if len(names) > MAX_NAMED else ""
    return f"{len(names):,} {what}s: {', '.join(names[:MAX_NAMED])}{more}"
