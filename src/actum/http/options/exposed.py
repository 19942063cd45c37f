"""Routes that entities are exposed by: their statuses, and what is documented of their commands."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.openapi import ResponseSpec

from actum.http.problems import MEDIA_TYPE, Problem
from actum.model.code.rejections import codes_of
from actum.model.entity import CommandType
from actum.model.routes.exposing import Exposes
from actum.runtime.actions.triggers.exposure import call_of
from actum.runtime.context.session import Session

OK, CREATED, NO_CONTENT, NOT_FOUND, CONFLICT, UNPROCESSABLE = 200, 201, 204, 404, 409, 422
ABOUT_EXISTENCE = {
    "old": (NOT_FOUND, "The entity does not exist."),
    "new": (CONFLICT, "The entity exists already (`already-exists`), or another writer was first."),
}
PARAMETER = re.compile(r"{(\w+)(:[^}]*)?}")


def exposed_options(exposes: Exposes, options: Mapping[str, Any]) -> dict[str, Any]:
    """Adds to a handler's options the statuses of an exposed route, and the rejections of its command."""
    call = call_of(exposes)
    if not isinstance(call, CommandType):
        return {"status_code": OK, **options}
    found = dict(_about_existence(call))
    if not call.may_emit:
        return {"status_code": OK, **options, "responses": {**found, **options.get("responses", {})}}
    returns = call.signature.returns
    is_empty = returns in (None, type(None))
    responses: dict[int, ResponseSpec] = dict(found)
    if call.existence != "old":
        responses[CREATED] = ResponseSpec(
            None if is_empty else returns,
            description="The first event of the entity: the header Location says where it is.",
            generate_examples=False,
        )
    codes = codes_of(call.function, exposes.of)
    if codes:
        listed = ", ".join(f"`{code}`" for code in codes)
        responses[UNPROCESSABLE] = _problem(
            f"A rule of the application said no, with one of these codes: {listed}."
        )
    return {
        "status_code": NO_CONTENT if is_empty else OK,
        **options,
        "responses": {**responses, **options.get("responses", {})},
    }


def _about_existence(call: CommandType) -> Iterator[tuple[int, ResponseSpec]]:
    """Gives the response for an entity that is there, or is not, where the call is for another one."""
    if call.existence != "any":
        status, description = ABOUT_EXISTENCE[call.existence]
        yield status, _problem(description)


def _problem(description: str) -> ResponseSpec:
    return ResponseSpec(Problem, description=description, media_type=MEDIA_TYPE, generate_examples=False)


def with_location(answer: Any, session: Session, known: Mapping[str, Any], root_path: str, path: str) -> Any:
    """Gives the answer of a command, as 201 with a Location if it wrote the first event of its entity.

    `known` are the parameters of the request's path, for that of the entity, which is below `root_path`.
    """
    if not session.is_first:
        return answer
    place = PARAMETER.sub(lambda found: quote(str(known[found[1]]), safe=""), path)
    return Response(answer, status_code=CREATED, headers={"Location": f"{root_path}{place}"})
