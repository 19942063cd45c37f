"""The page Entities: found by kind and id; one with its timeline, what if, and commands sent to it."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response
from msgspec import Struct

from actum.console.page import Page, get, post
from actum.console.security.tokens import FIELD, SESSION_COOKIE, session_of, token_of
from actum.console.visit import Visit
from actum.errors import ActumError, Invalid, NotFound
from actum.http.problems import answer_to
from actum.model.entity import EntityType
from actum.model.error_text import error_message
from actum.model.name import check_id
from actum.operations.entities import entity_kind
from actum.operations.inspection.calls import (
    CommandForm,
    Sent,
    command_of,
    form_of,
    read_arguments,
    send_command,
)
from actum.operations.inspection.search import find_entities
from actum.operations.inspection.snippets import curl_of, python_of
from actum.operations.inspection.timeline import Timeline, show_timeline
from actum.operations.inspection.what_if import Imagined, what_if
from actum.operations.repairs.audit import Act, recorded

ARGUMENT = "argument."
"""The prefix of the fields that hold a command's arguments, so that none is taken for another field."""
JSON = "application/json"


class Asked(Struct, frozen=True):
    """A form as it was sent, and what came of it: a result, or why there is none."""

    fields: Mapping[str, str]
    imagined: Imagined | None = None
    sent: Sent | None = None
    error: str = ""
    status: int = 200
    python: str = ""
    curl: str = ""


async def list_entities(visit: Visit) -> Response[Any]:
    """Shows the entities of a kind, those whose ids begin with a text."""
    kinds = list(visit.catalog.kinds)
    name = visit.text("kind") or (kinds[0] if kinds else "")
    found = None
    if name:
        kind = entity_kind(visit.app, name)
        page = visit.text("page") or None
        found = await find_entities(visit.stores, kind, visit.text("id"), limit=visit.limit(), page=page)
    return visit.show("entities.html", kinds=kinds, kind=name, prefix=visit.text("id"), found=found)


async def show_entity(visit: Visit) -> Response[Any]:
    """Shows one entity at a version."""
    kind, id = _named(visit, {"kind": visit.text("kind"), "id": visit.request.query_params.get("id", "")})
    version = visit.number("version", 0) or None
    return await _shown(visit, kind, id, version, None)


async def imagine(visit: Visit) -> Response[Any]:
    """Shows what an entity would be after an event that has not happened; nothing is stored."""
    kind, id = _named(visit, visit.form)
    version = _version(visit.form)
    payload = visit.form.get("payload", "").encode(errors="surrogatepass")
    try:
        found = await what_if(visit.stores, kind, id, visit.form.get("type", ""), payload, version=version)
        asked = Asked(visit.form, imagined=found)
    except (Invalid, NotFound) as error:
        asked = Asked(visit.form, error=error_message(error), status=answer_to(error, "").status)
    return await _shown(visit, kind, id, version or None, asked)


async def send(visit: Visit) -> Response[Any]:
    """Sends a command, and shows its reply, its events and the state after them."""
    kind, id = _named(visit, visit.form)
    command = command_of(kind, visit.form.get("command", ""))
    given = {
        name.removeprefix(ARGUMENT): value for name, value in visit.form.items() if name.startswith(ARGUMENT)
    }
    wants_json = JSON in visit.request.headers.get("accept", "")
    python = ""
    try:
        arguments = read_arguments(command, given)
        python = python_of(visit.app.name.replace("-", "_"), kind, id, command, arguments)
        if "code" in visit.form:
            asked = Asked(visit.form, python=python, curl=_curl(visit))
            return await _shown(visit, kind, id, None, asked)
        visit.context.by = visit.operator
        act = Act("entities send", f"{kind.name}/{id}", {"command": command.name})
        async with recorded(visit.services.database, visit.operator, act, subject=f"{kind.name}/{id}"):
            sent = await send_command(visit.context, visit.stores, kind, id, command, arguments)
    except ActumError as error:
        if wants_json:
            raise
        status = answer_to(error, "").status
        asked = Asked(visit.form, error=error_message(error), status=status, python=python)
        return await _shown(visit, kind, id, None, asked)
    if wants_json:
        return _as_json(sent)
    return await _shown(visit, kind, id, None, Asked(visit.form, sent=sent, python=python, curl=_curl(visit)))


async def _shown(
    visit: Visit, kind: EntityType, id: str, version: int | None, asked: Asked | None
) -> Response[Any]:
    timeline: Timeline | None = None
    try:
        timeline = await show_timeline(visit.stores, kind, id, version=version)
    except NotFound:
        if version is not None:
            raise
    return visit.show(
        "entity.html",
        status=200 if asked is None else asked.status,
        kind=kind,
        id=id,
        timeline=timeline,
        forms=_forms(kind),
        chosen=_chosen(visit, kind, asked),
        asked=asked,
    )


def _forms(kind: EntityType) -> dict[str, CommandForm]:
    return {name: form_of(command) for name, command in kind.commands.items()}


def _chosen(visit: Visit, kind: EntityType, asked: Asked | None) -> str:
    """Gives the command whose form is shown: the one that was sent or asked for, else the first."""
    name = asked.fields.get("command", "") if asked is not None else visit.text("command")
    return name if name in kind.commands else next(iter(kind.commands), "")


def _named(visit: Visit, fields: Mapping[str, str]) -> tuple[EntityType, str]:
    kind, id = entity_kind(visit.app, fields.get("kind", "")), fields.get("id", "")
    check_id(id)
    return kind, id


def _version(fields: Mapping[str, str]) -> int:
    text = fields.get("version", "0")
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise Invalid(f"version={text}: write a version of the entity", field="version")
    return int(text)


def _curl(visit: Visit) -> str:
    """Gives the curl line for what was sent, with a session of its own: the browser's stays secret."""
    session = session_of({}, visit.services.clock)
    token = token_of(visit.services.identity, session, visit.operator)
    fields = {name: value for name, value in visit.form.items() if name not in (FIELD, "code")}
    url = str(visit.request.base_url).rstrip("/") + visit.url("entities", "send")
    return curl_of(url, {**fields, FIELD: token}, f"{SESSION_COOKIE}={session}")


def _as_json(sent: Sent) -> Response[Any]:
    events = [
        {"version": one.stored.version, "type": one.stored.type, "event": one.payload} for one in sent.events
    ]
    content = {"reply": sent.reply, "version": sent.version, "events": events, "state": sent.state}
    return Response(msgspec.json.encode(content), media_type=JSON)


ENTITIES = Page(
    "entities",
    "Entities",
    (
        get("", list_entities),
        get("/one", show_entity),
        post("/what-if", imagine),
        post("/send", send),
    ),
)
