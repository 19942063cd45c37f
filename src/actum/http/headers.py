"""The headers that Actum understands: what a request says with them, and what a response tells."""

import re
from collections.abc import Iterable

from actum.errors import Invalid
from actum.runtime.context import Context
from actum.runtime.services import Services

CORRELATION_ID = "X-Correlation-ID"
IDEMPOTENCY_KEY = "Idempotency-Key"
IF_MATCH = "If-Match"
POSITION = "Actum-Position"
ETAG = "ETag"

Headers = Iterable[tuple[bytes, bytes]]

ENTITY_TAG = re.compile(rb'(?:W/)?"(\d{1,18})"')
NUMBER = re.compile(rb"\d{1,18}")
READABLE = re.compile(r"[\x21-\x7e]{1,128}")
KEY = re.compile(r"[\x20-\x7e]{1,255}")

_correlation_id = CORRELATION_ID.lower().encode()
_idempotency_key = IDEMPOTENCY_KEY.lower().encode()
_if_match = IF_MATCH.lower().encode()
_position = POSITION.lower().encode()
_etag = ETAG.lower().encode()


def read_correlation_id(headers: dict[bytes, bytes]) -> str | None:
    """Gives the caller's correlation id, if it is up to 128 printable characters of ASCII without spaces."""
    value = headers.get(_correlation_id)
    if value is None:
        return None
    text = value.decode("latin-1")
    return text if READABLE.fullmatch(text) else None


def read_context(headers: dict[bytes, bytes], services: Services, correlation_id: str | None) -> Context:
    """Makes the context that a request's headers ask for; raises Invalid for one that cannot be read."""
    key = headers.get(_idempotency_key)
    tag = headers.get(_if_match)
    position = headers.get(_position)
    return Context(
        services,
        correlation_id=correlation_id,
        idempotency_key=None if key is None else _read_key(key),
        expected_version=None if tag is None else _read_version(tag),
        seen=0 if position is None else _read_position(position, services),
    )


def tell(context: Context, status: int, headers: Headers) -> list[tuple[bytes, bytes]]:
    """Adds to a response's headers what its context did; an ETag that the author set stays."""
    told = [*headers, (_correlation_id, context.correlation_id.encode())]
    if context.line.seen:
        told.append((_position, context.token.encode()))
    version = context.line.version
    if version and 200 <= status < 300 and not any(name.lower() == _etag for name, _ in told):
        told.append((_etag, b'"%d"' % version))
    return told


def _read_key(value: bytes) -> str:
    text = value.decode("latin-1").strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if not KEY.fullmatch(text):
        raise Invalid(
            f"the header {IDEMPOTENCY_KEY} holds no key: send 1 to 255 printable characters",
            field=IDEMPOTENCY_KEY,
        )
    return text


def _read_version(value: bytes) -> int | None:
    text = value.strip()
    if text == b"*":
        return None
    found = ENTITY_TAG.fullmatch(text)
    if found is None:
        raise Invalid(
            f'the header {IF_MATCH} holds no version: send one {ETAG} as it was received, such as "7"',
            field=IF_MATCH,
        )
    return int(found[1])


def _read_position(value: bytes, services: Services) -> int:
    text = value.strip()
    if not NUMBER.fullmatch(text):
        raise Invalid(f"the header {POSITION} holds no position: send it as it was received", field=POSITION)
    if services.journal.is_shared:
        return int(text)
    # Nobody else writes to this journal: beyond its end, as where an event was erased, nothing is to come.
    return min(int(text), services.feed.head)
