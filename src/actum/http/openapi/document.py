"""Documents routes: the headers that each understands, and the problems that it may answer with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from litestar import Response
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import OpenAPIType, Operation, Parameter, Reference, Schema

from actum.http.headers import CORRELATION_ID, IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, POSITION
from actum.http.problems import KINDS, MEDIA_TYPE, PHRASES, Problem

HEADERS = {
    CORRELATION_ID: "Kept with all that the request causes, in events and logs; generated if it is not sent.",
    POSITION: "From an earlier response: views show at least what that request wrote.",
    IDEMPOTENCY_KEY: "Identifies this request: sent again, it gets the same answer and is carried out once.",
    IF_MATCH: "ETags of the entity as the client knows it, or * for any: at another version, the first "
    "command is refused (412).",
    IF_NONE_MATCH: "* to refuse the first command (412) unless its entity is new; in a GET, the ETag that "
    "the client has, for a 304 in place of the same answer.",
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
    """An operation with the headers that every route understands."""

    def __post_init__(self) -> None:
        self.parameters: list[Parameter | Reference] | None = [
            *(self.parameters or []),
            *(_reference(name) for name in HEADERS if name not in FOR_WRITING),
        ]


@dataclass
class WriteOperation(Operation):
    """An operation with these headers, and those for changing something."""

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
    """Adds the documentation that every handler has to a handler's options; what the author set stays."""
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
    """Says whether an answer is bytes, whose content type is known only when it is made."""
    return returns is bytes or (get_origin(returns) is Response and get_args(returns) == (bytes,))


def _titles(*, is_reading: bool, has_body: bool, has_guards: bool) -> dict[int, str]:
    titles: dict[int, list[str]] = {}
    for kind in KINDS.values():
        if not (is_reading and kind.status in STATUS_FOR_WRITING) and kind.status not in FOR_GUARDS:
            titles.setdefault(kind.status, []).append(kind.title)
    plain = [*ALWAYS, *(FOR_BODIES if has_body else ()), *(FOR_GUARDS if has_guards else ())]
    return {
        **{status: "; or: ".join(each) for status, each in titles.items()},
        **{status: PHRASES[status] for status in plain},
    }


def _reference(header: str) -> Reference:
    return Reference(ref=f"#/components/parameters/{header}")
