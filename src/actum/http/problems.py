"""Errors over HTTP: the status code of each, which only this file knows, and its problem (RFC 9457)."""

import logging
import math
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from msgspec import UNSET, Struct, UnsetType

from actum.errors import (
    AlreadyExists,
    AlreadyStarted,
    AnswerErased,
    Conflict,
    Forbidden,
    Invalid,
    KeyReused,
    NotEnded,
    NotFound,
    Overloaded,
    Rejected,
    StepFailed,
    StoreError,
    Taken,
    TooLarge,
    TryLater,
    Unanswerable,
    Unauthenticated,
    Unavailable,
    WorkflowCancelled,
    WorkflowError,
    WorkflowFailed,
    WrongStatus,
    WrongVersion,
)
from actum.http.error_origin import as_request_error, has_left, is_about_stores
from actum.model.code.place import place_of_error, shown_place
from actum.model.error_text import error_message, error_text, plain_text, text_of
from actum.runtime import containment
from actum.runtime.context.context import Context

MEDIA_TYPE = "application/problem+json"
MAX_DETAIL = 100_000
INTERNAL = "The application failed, not the request; its log says why."

LATER = "The application cannot answer now: send the request again shortly. Its log says why."
UNSAID = {
    404: "There is nothing at this address.",
    405: "This address does not accept that method.",
    413: "The body is larger than this address accepts.",
}
"""Details for errors for which Litestar gives only a phrase."""

OLD_PHRASES = {413: "Request Entity Too Large"}
"""The phrases of Litestar that RFC 9110 has changed."""

NO_BODY = "'data'"
"""Litestar's message for a request without a body: only the parameter's name."""

OF_PYTHON = "<class '"
"""What is in a message about Python types, which mean nothing to a client."""

NAMED_FIELD = re.compile(r"(?:missing required|contains unknown) field `(.+?)`")
UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.+?)`")
MALFORMED = re.compile(r"Invalid (RFC3339 encoded \w+|ISO8601 duration|UUID)")
EXAMPLES = {
    "RFC3339 encoded date": "date, such as 2026-11-30",
    "RFC3339 encoded datetime": "time with a date and a zone, such as 2026-11-30T14:00:00Z",
    "RFC3339 encoded time": "time of day, such as 14:00:00",
    "ISO8601 duration": "duration, such as PT90S",
    "UUID": "UUID, such as 0b3f1c9e-6f0a-4c52-9d39-0d7a5d1f8a11",
}
"""What msgspec calls a value that it cannot read, and what one looks like."""
MISSING_PARAMETER = re.compile(r"Missing required \w+ parameter '(.+?)'")

log: logging.Logger = logging.getLogger("actum.http")


class FieldError(Struct, frozen=True):
    """One error in a request: its `field`, and its `source` (body, path or query)."""

    message: str
    field: str | UnsetType = UNSET
    source: str | UnsetType = UNSET


class Problem(Struct, frozen=True):
    """Why a request was not served. The members beyond the standard ones depend on `type`.

    `invalid` names the invalid `field`, or lists `errors`; `rejected` has a `code` for programs, and the
    facts behind the refusal as further members (those whose names are taken under `facts`); `taken` has the
    claim's name as `field`; `wrong-version`
    has the `expected` and the `actual` version; `key-reused` and `answer-erased` have the `key`;
    `already-started`, `wrong-status` and `not-ended` have the `workflow` (KIND/ID), `wrong-status` also the
    `current` status, and `step-failed` has the `step`;
    `unavailable` says `outcome: "unknown"` when a write may have taken effect.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str | UnsetType = UNSET
    field: str | UnsetType = UNSET
    errors: list[FieldError] | UnsetType = UNSET
    expected: Any = UNSET
    actual: Any = UNSET
    key: Any = UNSET
    workflow: str | UnsetType = UNSET
    current: str | UnsetType = UNSET
    step: str | UnsetType = UNSET
    outcome: str | UnsetType = UNSET
    facts: dict[str, Any] | UnsetType = UNSET


class Kind(Struct, frozen=True):
    """A kind of problem: the end of its type, its title and its status."""

    name: str
    title: str
    status: int


INVALID = Kind("invalid", "The request is not valid", 400)

KINDS: dict[type[Exception], Kind] = {
    Invalid: INVALID,
    TooLarge: Kind("answer-too-large", "The answer would be too large", 422),
    Unauthenticated: Kind("unauthenticated", "The request needs valid credentials", 401),
    Forbidden: Kind("forbidden", "No rule allows this", 403),
    NotFound: Kind("not-found", "There is no such thing", 404),
    Conflict: Kind("conflict", "Another writer was first", 409),
    AlreadyExists: Kind("already-exists", "The entity exists already", 409),
    WrongVersion: Kind("wrong-version", "The entity is at another version", 412),
    Rejected: Kind("rejected", "A rule of the application said no", 422),
    Taken: Kind("taken", "Another one holds that value", 409),
    AlreadyStarted: Kind("already-started", "The workflow was started before with other arguments", 409),
    WrongStatus: Kind("wrong-status", "The workflow's status does not allow that", 409),
    WorkflowCancelled: Kind("workflow-cancelled", "The workflow was cancelled", 409),
    NotEnded: Kind("not-ended", "The workflow has not ended yet", 409),
    WorkflowFailed: Kind("workflow-failed", "The workflow failed", 500),
    StepFailed: Kind("step-failed", "A step of the workflow failed", 500),
    KeyReused: Kind("key-reused", "The idempotency key stands for another request", 422),
    AnswerErased: Kind("answer-erased", "The answer was erased since", 410),
    Unanswerable: Kind("unanswerable", "A query has no answer for what is in the views", 500),
    Overloaded: Kind("overloaded", "There is too much to do", 503),
    Unavailable: Kind("unavailable", "The application cannot answer now", 503),
}

PHRASES = {status.value: status.phrase for status in HTTPStatus} | {
    # The phrases of RFC 9110, which Python has since 3.13, so that titles are the same on every Python.
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}
STANDARD = frozenset(Problem.__struct_fields__[:5])
OF_ONE_KIND = frozenset({"code", "errors", "facts", "field", "outcome"})
"""Members that have the same meaning in every problem."""


class Answer(Struct, frozen=True):
    """A problem as it is sent: status, headers and JSON."""

    status: int
    headers: dict[str, str]
    body: bytes


def answer_to(error: BaseException, correlation_id: str, *, tells_author: bool = False) -> Answer:
    """Gives the answer to an error; what the caller cannot change is only logged, or told its author."""
    kind = next((KINDS[cls] for cls in type(error).__mro__ if cls in KINDS), None)
    if kind is not None:
        detail = _detail(error)
        return _answer(kind, detail, correlation_id, members=_members(error), headers=_headers(error))
    if isinstance(error, HTTPException) and not _is_internal(error):
        return _answer_to_litestar(error, correlation_id)
    detail = f"The application failed: {_origin(error)}" if tells_author else INTERNAL
    return _answer(_plain(HTTPStatus.INTERNAL_SERVER_ERROR), detail, correlation_id)


def refusal(status: int, detail: str, correlation_id: str) -> Answer:
    """Gives the answer to a request that cannot be served at all, with all headers except those of HTTP."""
    answer = _answer(_plain(status), detail, correlation_id)
    answer.headers.update(
        {"Content-Type": MEDIA_TYPE, "X-Content-Type-Options": "nosniff", "X-Correlation-ID": correlation_id}
    )
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer.headers["Retry-After"] = "1"
    return answer


def handle_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answers a request that raised an error, as an exception handler of Litestar."""
    context: Context = request.scope["state"]["ctx"]
    content_type, options = request.content_type
    encoding = request.headers.get("content-encoding", "")
    error = as_request_error(error, content_type, encoding, options.get("charset", ""))
    _name_fields(request, error)
    # Not the URL, which cannot be made of a Host with a port that is no number.
    log_failure(request.method, request.scope["path"], error, context.correlation_id)
    tells_author = request.scope["state"]["tells_author"]
    answer = answer_to(error, context.correlation_id, tells_author=tells_author)
    return Response(answer.body, status_code=answer.status, headers=answer.headers, media_type=MEDIA_TYPE)


def _name_fields(request: Request[Any, Any, Any], error: Exception) -> None:
    """Says in an error of an unknown field which fields the body of this address has."""
    if not isinstance(error, HTTPException) or not isinstance(error.extra, list):
        return
    for found in error.extra:
        if isinstance(found, dict) and (unknown := UNKNOWN_FIELD.fullmatch(str(found.get("message")))):
            data = request.scope["route_handler"].parsed_fn_signature.parameters.get("data")
            known = [
                inner for one in _types_of(data) for inner in getattr(one, "__struct_encode_fields__", ())
            ]
            found["key"] = f"data.{unknown[1]}"
            found["message"] = "there is no such field here" + (
                f"; the fields are {', '.join(known)}" if known else ""
            )


def _types_of(data: Any) -> list[Any]:
    """Returns the classes of a handler's parameter for the body."""
    if data is None:
        return []
    return [one.annotation for one in (data, *data.inner_types)]


def log_failure(method: str, path: str, error: BaseException, correlation_id: str) -> None:
    """Logs why a request was not served, unless the request itself is the reason."""
    if has_left(error):
        log.info("%s %s: the client disconnected while it sent its body (%s)", method, path, correlation_id)
    elif isinstance(error, Unavailable) or (isinstance(error, TryLater) and is_about_stores(error)):
        log.warning("%s %s: %s (%s)", method, path, error_message(error), correlation_id)
    elif isinstance(error, Unanswerable):
        log.error("%s %s: %s (%s)", method, path, error_message(error), correlation_id)
    elif isinstance(error, Unauthenticated | Forbidden):
        log.info("%s %s was refused: %s (%s)", method, path, error_message(error), correlation_id)
    elif _is_internal(error):
        # What an operator can fix is logged in one line, which ends with the error.
        origin = "" if isinstance(error, StoreError | TryLater) else f": {_origin(error)}"
        said = method, path, correlation_id, origin
        containment.log_failure(log, logging.ERROR, "%s %s failed (%s)%s", *said, error=error)


def _origin(error: BaseException) -> str:
    """Says what the author's code raised, and in which line of it."""
    place = shown_place(place_of_error(error))
    return f"{place}: {error_text(error)}" if place else error_text(error)


def _is_internal(error: BaseException) -> bool:
    """Says whether the application failed, which is not explained to clients."""
    if isinstance(error, HTTPException):
        return error.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    return not any(cls in KINDS for cls in type(error).__mro__)


def _detail(error: BaseException) -> str:
    if isinstance(error, TryLater) and is_about_stores(error):
        return LATER
    if isinstance(error, StepFailed):
        return f"The step {error.step} failed; the workflow's record says why."
    return error.outside if isinstance(error, Unavailable) else error_message(error, limit=MAX_DETAIL)


def _answer(
    kind: Kind,
    detail: str,
    correlation_id: str,
    *,
    members: Mapping[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    problem = {
        "type": f"urn:actum:problem:{kind.name}" if kind.name else "about:blank",
        "title": kind.title,
        "status": kind.status,
        "detail": plain_text(detail, limit=MAX_DETAIL),
        "instance": f"urn:actum:request:{quote(correlation_id, safe='')}",
    }
    return Answer(kind.status, headers or {}, _encoded(problem, members or {}))


def _encoded(problem: Mapping[str, Any], members: Mapping[str, Any]) -> bytes:
    """Writes a problem as JSON; a fact that JSON cannot hold is written as text."""
    try:
        return msgspec.json.encode({**problem, **members}, enc_hook=str)
    except Exception:  # noqa: BLE001 (encoding a fact of the author may raise anything)
        shown = {plain_text(name): _shown(fact) for name, fact in members.items()}
        return msgspec.json.encode({**problem, **shown})


def _shown(fact: Any) -> Any:
    try:
        return msgspec.Raw(msgspec.json.encode(fact, enc_hook=str))
    except Exception:  # noqa: BLE001 (as above)
        return text_of(fact)


def _members(error: BaseException) -> Mapping[str, Any]:  # noqa: PLR0911 (one for each kind of error)
    match error:
        case Invalid():
            members = {"code": "answer-too-large"} if isinstance(error, TooLarge) else {}
            return members if error.field is None else {**members, "field": error.field}
        case Rejected():
            return {"code": error.code, **_beside(error.facts, STANDARD | OF_ONE_KIND)}
        case Taken():
            return {"code": error.code, "field": error.name}
        case WrongVersion():
            expected = {} if error.expected is None else {"expected": error.expected}
            return {**expected, "actual": error.actual}
        case AlreadyStarted() | WrongStatus() | WorkflowError():
            return _of_workflow(error)
        case AlreadyExists():
            return {"code": KINDS[AlreadyExists].name}
        case KeyReused() | AnswerErased():
            return {"code": KINDS[type(error)].name, "key": error.key}
        case Unavailable() if error.is_outcome_unknown:
            return {"outcome": "unknown"}
        case _:
            return {}


def _of_workflow(error: AlreadyStarted | WrongStatus | WorkflowError) -> Mapping[str, Any]:
    code = {"code": KINDS[type(error)].name}
    match error:
        case WrongStatus():
            return {**code, "workflow": error.workflow, "current": error.status}
        case AlreadyStarted() | NotEnded():
            return {**code, "workflow": error.workflow}
        case StepFailed():
            return {**code, "step": error.step}
        case _:
            return code


def _beside(facts: Mapping[str, Any], taken: frozenset[str]) -> dict[str, Any]:
    """Gives facts as members of a problem; those whose names are taken go under `facts`."""
    members = {name: fact for name, fact in facts.items() if name not in taken}
    hidden = {name: fact for name, fact in facts.items() if name in taken}
    return {**members, "facts": hidden} if hidden else members


def _headers(error: BaseException) -> dict[str, str]:
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": error.challenge} if error.challenge else {}
    if isinstance(error, TryLater):
        return {"Retry-After": str(max(1, math.ceil(error.retry_after)))}
    return {"Retry-After": "1"} if isinstance(error, NotEnded) else {}


def _plain(status: int) -> Kind:
    """A problem that means no more than its status; RFC 9457 calls its type about:blank."""
    return Kind("", PHRASES.get(status, "Error"), status)


def _answer_to_litestar(error: HTTPException, correlation_id: str) -> Answer:
    kind = INVALID if error.status_code == INVALID.status else _plain(error.status_code)
    is_unsaid = error.detail in (kind.title, OLD_PHRASES.get(kind.status))
    detail = UNSAID.get(kind.status, error.detail) if is_unsaid else error.detail
    allowed = next((value for name, value in (error.headers or {}).items() if name.lower() == "allow"), None)
    if is_unsaid and allowed:
        detail = f"This address does not accept that method: it accepts {allowed}."
    members: dict[str, Any] = {}
    if isinstance(error.extra, dict):
        members = _beside(error.extra, STANDARD)
    elif error.extra:
        members = {"errors": [_field_error(one) for one in error.extra]}
        members |= _only_field(members["errors"])
        detail = "; ".join(map(_sentence, members["errors"]))
    elif found := MISSING_PARAMETER.match(detail):
        members = {"field": found[1]}
    return _answer(kind, detail, correlation_id, members=members, headers=error.headers)


def _field_error(found: Any) -> Any:
    """Gives an error that Litestar found, with the field's name as the client knows it."""
    if not isinstance(found, dict):
        return found
    error = dict(found)
    place = error.pop("key", "")
    if error.get("message") == NO_BODY:
        return {"message": "the request has no body, and this address requires one", "source": "body"}
    if OF_PYTHON in str(error.get("message")):
        error["message"] = "this is not what the address accepts"
    if error.get("source") == "body":
        place = place.removeprefix("data").removeprefix(".")
    if named := NAMED_FIELD.search(str(error.get("message"))):
        place = f"{place}.{named[1]}".removeprefix(".")
    if malformed := MALFORMED.match(str(error.get("message"))):
        error["message"] = f"this is no {EXAMPLES[malformed[1]]}"
    return {"field": place, **error} if place else error


def _only_field(errors: list[Any]) -> dict[str, Any]:
    fields = [error.get("field") for error in errors if isinstance(error, dict)]
    return {"field": fields[0]} if len(fields) == 1 and fields[0] else {}


def _sentence(error: Any) -> str:
    if not isinstance(error, dict):
        return str(error)
    message = str(error.get("message", "not valid"))
    return f"{error['field']}: {message}" if "field" in error else message
