"""The headers that Actum understands, in requests and in responses."""

import re
from collections.abc import Iterable, Sequence

from actum.errors import Invalid
from actum.http.preconditions import read_preconditions
from actum.runtime.context.context import Context, session_of
from actum.runtime.services import Services

CORRELATION_ID = "X-Correlation-ID"
IDEMPOTENCY_KEY = "Idempotency-Key"
IF_MATCH = "If-Match"
IF_NONE_MATCH = "If-None-Match"
POSITION = "Actum-Position"
ETAG = "ETag"

Headers = Iterable[tuple[bytes, bytes]]

NUMBER = re.compile(rb"\d{1,18}")
READABLE = re.compile(r"[\x21-\x7e]{1,128}")
KEY = re.compile(r"[\x20-\x7e]{1,255}")

NO_SNIFFING = (b"x-content-type-options", b"nosniff")
"""Keeps browsers from guessing a type other than the Content-Type, such as a page or a script."""

GUARDED = (
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
)
"""What answers have of an application with rules: they are not kept on the way, nor shown in other sites."""

GUARDED_NAMES = frozenset(name for name, _ in GUARDED)

READING = frozenset({"GET", "HEAD"})

_correlation_id = CORRELATION_ID.lower().encode()
_idempotency_key = IDEMPOTENCY_KEY.lower().encode()
_if_match = IF_MATCH.lower().encode()
_if_none_match = IF_NONE_MATCH.lower().encode()
_position = POSITION.lower().encode()
_etag = ETAG.lower().encode()

_once = {_idempotency_key: IDEMPOTENCY_KEY, _position: POSITION}
_lists = frozenset({_if_match, _if_none_match})


def read_headers(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Gives a request's headers by name; raises Invalid for a single-valued one with two values.

    Of the others that come more than once, lists are joined, and of the rest the last counts.
    """
    found = dict(headers)
    if len(found) == len(headers):
        return found
    for name in found.keys() & (_once.keys() | _lists):
        values = [value for other, value in headers if other == name]
        if name in _lists:
            found[name] = b", ".join(values)
        elif len(set(values)) > 1:
            raise Invalid(
                f"the header {_once[name]} came twice with different values: send one", field=_once[name]
            )
    return found


def read_correlation_id(headers: dict[bytes, bytes]) -> str | None:
    """Gives the caller's correlation id, if it is up to 128 printable characters of ASCII without spaces."""
    value = headers.get(_correlation_id)
    if value is None:
        return None
    text = value.decode("latin-1")
    return text if READABLE.fullmatch(text) else None


def read_position(headers: dict[bytes, bytes]) -> int:
    """Gives the position that views have to show for this request; raises Invalid for anything else."""
    value = headers.get(_position)
    if value is None:
        return 0
    text = value.strip()
    if not NUMBER.fullmatch(text):
        raise Invalid(f"the header {POSITION} is not a position: send it as it was received", field=POSITION)
    return int(text)


def read_context(
    method: str, headers: dict[bytes, bytes], services: Services, correlation_id: str | None, *, seen: int
) -> Context:
    """Makes the context of a request from its headers; raises Invalid for one that cannot be read.

    In a GET or HEAD, If-None-Match is about the answer, and not a condition for a change.
    """
    key = headers.get(_idempotency_key)
    expected = read_preconditions(headers.get(_if_match), None)
    unwanted = headers.get(_if_none_match)
    if unwanted is not None:
        of_entity = read_preconditions(headers.get(_if_match), unwanted)
        expected = expected if method in READING else of_entity
    return Context(
        services,
        correlation_id=correlation_id,
        idempotency_key=None if key is None else _read_key(key),
        expected_version=expected,
        seen=seen,
    )


def response_headers(context: Context, status: int, headers: Headers) -> list[tuple[bytes, bytes]]:
    """Adds to a response's headers those about what its context did; what the author set stays."""
    session = session_of(context)
    added = [*headers, (_correlation_id, session.metadata.correlation_id.encode())]
    names = {name.lower() for name, _ in headers}
    if NO_SNIFFING[0] not in names:
        added.append(NO_SNIFFING)
    if session.guard is not None:
        if names.isdisjoint(GUARDED_NAMES):
            added += GUARDED
        else:
            added += [header for header in GUARDED if header[0] not in names]
    if session.seen:
        added.append((_position, context.token.encode()))
    if session.link is not None and 200 <= status < 300:
        added.append((b"link", session.link))
    version = session.version
    if version and 200 <= status < 300 and _etag not in names:
        added.append((_etag, b'"%d"' % version))
    return added


def _read_key(value: bytes) -> str:
    text = value.decode("latin-1").strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if not KEY.fullmatch(text):
        raise Invalid(
            f"the header {IDEMPOTENCY_KEY} is not a key: send 1 to 255 printable characters",
            field=IDEMPOTENCY_KEY,
        )
    return text
