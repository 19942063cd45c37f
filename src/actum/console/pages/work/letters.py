"""Letters: what actions failed to do, retried, skipped, or edited and retried."""

from typing import Any, get_args

from litestar import Response

from actum.app import definition_of
from actum.console.visit import Visit
from actum.errors import ActumError, Invalid
from actum.http.problems import answer_to
from actum.model.error_text import error_message
from actum.operations.letters.edit import edit_letter, editable_letter
from actum.operations.letters.requests import LetterSummary, find_dead_letters, find_letters
from actum.operations.letters.shown import list_letters, show_letter
from actum.operations.repairs.many import ask_for_letters
from actum.operations.work.actions import traceback_of
from actum.ports.letter import LetterStatus, Request
from actum.runtime.context.timers import TIMERS
from actum.runtime.declarations import triggers_of

CHOSEN = "letter-"
"""The prefix of the fields that choose letters."""
ALL_DEAD = "every-dead"


async def show_list(visit: Visit) -> Response[Any]:
    """Shows a page of letters, of an action and in a status where these are given."""
    action, status = visit.text("action") or None, visit.text("status") or None
    if status not in (None, *get_args(LetterStatus)):
        raise Invalid(f"status={status}: it is one of {', '.join(get_args(LetterStatus))}", field="status")
    found = await list_letters(
        visit.stores,
        action=action,
        status=status,  # type: ignore[arg-type]
        after=visit.number("after", 0),
        limit=visit.limit(),
    )
    declared = {trigger.name for trigger in triggers_of(definition_of(visit.app))}
    actions = sorted({*declared, TIMERS, *([action] if action else [])})
    return visit.show(
        "work/letters.html", part="letters", found=found, action=action, chosen_status=status, actions=actions
    )


async def show_one(visit: Visit) -> Response[Any]:
    """Shows one letter, with its error, where the code failed, and what can be edited."""
    return await _shown(visit, visit.number("id", 0), None, "", 200)


async def edit(visit: Visit) -> Response[Any]:
    """Replaces a letter's message or arguments, and has it retried."""
    id = _number(visit.form.get("id", ""))
    content = visit.form.get("content", "")
    try:
        await edit_letter(
            visit.stores, visit.services, id, content.encode(errors="surrogatepass"), by=visit.operator
        )
    except ActumError as error:
        if not isinstance(error, Invalid):
            raise
        return await _shown(visit, id, content, error_message(error), answer_to(error, "").status)
    await _wake(visit)
    return visit.done(f"Letter {id} is edited, and is retried.", visit.url("work", "letters"))


async def ask(visit: Visit) -> Response[Any]:
    """Retries or skips the letters that were chosen."""
    request = visit.form.get("request", "")
    if request not in get_args(Request):
        raise Invalid(f"request={request}: it is one of {', '.join(get_args(Request))}", field="request")
    letters = await _chosen(visit)
    if not letters:
        raise Invalid("no letter is chosen: mark some, or choose every dead one")
    await ask_for_letters(
        visit.stores,
        visit.app,
        letters,
        request,  # type: ignore[arg-type]
        by=visit.operator,
    )
    await _wake(visit)
    said = "Letter {}" if len(letters) == 1 else "{} letters"
    which = letters[0].id if len(letters) == 1 else f"{len(letters):,}"
    verb = "is" if len(letters) == 1 else "are"
    word = {"retry": "retried", "skip": "skipped"}[request]
    return visit.done(f"{said.format(which)} {verb} to be {word}.", visit.url("work", "letters"))


async def _wake(visit: Visit) -> None:
    """Has the workers of this process look for requests now, rather than within a second."""
    for action in visit.services.readiness.actions:
        if action.worker is not None:
            await action.worker.answer_requests()


async def _chosen(visit: Visit) -> list[LetterSummary]:
    if ALL_DEAD in visit.form:
        return await find_dead_letters(visit.stores)
    chosen = [name.removeprefix(CHOSEN) for name in visit.form if name.startswith(CHOSEN)]
    return await find_letters(visit.stores, [_number(one) for one in chosen])


async def _shown(visit: Visit, id: int, content: str | None, error: str, status: int) -> Response[Any]:
    shown = await show_letter(visit.stores, id)
    found = await editable_letter(visit.services, shown.letter)
    traceback = traceback_of(shown.letter, visit.services.readiness.actions)
    return visit.show(
        "work/letter.html",
        status=status,
        part="letters",
        letter=shown.letter,
        event=shown.event,
        editable=found,
        content=content,
        error=error,
        traceback=traceback,
    )


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise Invalid(f"{text!r} is no letter: letters have numbers", field="id")
    return int(text)
