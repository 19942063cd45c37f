"""How the routes are documented: the headers that each understands, the problems that it may answer with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from litestar import Response
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import OpenAPIType, Operation, Parameter, Reference, Schema

from actum.http.headers import CORRELATION_ID, IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, POSITION
from actum.http.problems import KINDS, MEDIA_TYPE, PHRASES, Problem

HEADERS = {
    CORRELATION_ID: "Goes with all that the request causes, into events and logs; made up if it is not sent.",
    POSITION: "As an earlier response gave it: views show at least what that request wrote.",
    IDEMPOTENCY_KEY: "Stands for this request: sent again it is answered the same, and done once.",
    IF_MATCH: "ETags of the entity as the client knows it, or * for any: with another one the first command "
    "is refused (412).",
    IF_NONE_MATCH: "* to have the first command refused (412) unless its entity is new; of a GET, the ETag "
    "that the client has, for 304 in place of the same answer.",
}
FOR_WRITING = frozenset({IDEMPOTENCY_KEY, IF_MATCH})
TAGS = r'(W/)?"[!#-~]*"'
PATTERNS = {
    POSITION: r"^[0-9]{1,18}$",
    IDEMPOTENCY_KEY: r'^("[ !#-~]{1,253}"|[!#-~]([ -~]{0,253}[!-~])?)$',
    IF_MATCH: rf"^(\*|{TAGS}(, ?{TAGS})*)$",
    IF_NONE_MATCH: rf"^(\*|{TAGS}(, ?{TAGS})*)$",
}
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
STATUS_FOR_WRITING = frozenset({410, 412})
FOR_BODIES = (413, 415)
FOR_GUARDS = (401, 403)
ALWAYS = (500,)
STATUS = {"POST": 201, "DELETE": 204}


@dataclass
class ReadOperation(Operation):
    """An operation that takes the headers which every route understands."""

    def __post_init__(self) -> None:
        self.parameters: list[Parameter | Reference] | None = [
            *(self.parameters or []),
            *(_reference(name) for name in HEADERS if name not in FOR_WRITING),
        ]


@dataclass
class WriteOperation(Operation):
    """An operation that takes, beside them, the headers for changing something."""

    def __post_init__(self) -> None:
        self.parameters: list[Parameter | Reference] | None = [
            *(self.parameters or []),
            *map(_reference, HEADERS),
        ]


def header_parameters() -> dict[str, Parameter | Reference]:
    """Gives the headers of requests as components."""
    return {
        header: Parameter(
            name=header,
            param_in="header",
            schema=Schema(type=OpenAPIType.STRING, pattern=PATTERNS.get(header)),
            description=description,
        )
        for header, description in HEADERS.items()
    }


def documented(
    method: str,
    name: str,
    options: Mapping[str, Any],
    *,
    returns: Any,
    has_body: bool,
    has_guards: bool,
) -> dict[str, Any]:
    """Adds to a handler's options the documentation that every handler has; what the author said stays."""
    is_reading = method in READING_METHODS
    problems = {
        status: ResponseSpec(Problem, description=title, media_type=MEDIA_TYPE, generate_examples=False)
        for status, title in _titles(is_reading=is_reading, has_body=has_body, has_guards=has_guards).items()
    }
    if _is_bytes(returns) and not options.get("media_type"):
        status = options.get("status_code") or STATUS.get(method, 200)
        problems[status] = ResponseSpec(
            bytes, description="Bytes of the type that they say.", media_type="*/*"
        )
    return {
        "operation_class": ReadOperation if is_reading else WriteOperation,
        "operation_id": name,
        "summary": name.replace("_", " ").strip().capitalize(),
        **options,
        "responses": {**problems, **options.get("responses", {})},
    }


def _is_bytes(returns: Any) -> bool:
    """Says whether an answer is bytes, whose type nobody knows before it is there."""
    return returns is bytes or (get_origin(returns) is Response and get_args(returns) == (bytes,))


def _titles(*, is_reading: bool, has_body: bool, has_guards: bool) -> dict[int, str]:
    titles: dict[int, list[str]] = {}
    for kind in KINDS.values():
        if not (is_reading and kind.status in STATUS_FOR_WRITING):
            titles.setdefault(kind.status, []).append(kind.title)
    plain = [*ALWAYS, *(FOR_BODIES if has_body else ()), *(FOR_GUARDS if has_guards else ())]
    return {
        **{status: "; or: ".join(each) for status, each in titles.items()},
        **{status: PHRASES[status] for status in plain},
    }


def _reference(header: str) -> Reference:
    return Reference(ref=f"#/components/parameters/{header}")
