"""Numbers in answers: NaN and infinity, which JSON cannot hold, are refused instead of sent as null."""

import json
from dataclasses import is_dataclass
from typing import Any

import msgspec
from litestar import Response
from litestar.serialization import default_serializer
from litestar.types import Serializer
from msgspec import Struct
from msgspec import inspect as types

from actum.errors import WrongReply
from actum.http.plain_response import PlainResponse
from actum.model.values.round_trip import OPEN, parts_of


class CheckedResponse(PlainResponse):
    """A JSON response without NaN and infinity."""

    def render(self, content: Any, media_type: str, enc_hook: Serializer = default_serializer) -> bytes:
        body = super().render(content, media_type, enc_hook)
        # NaN and infinity are written as null: without one there is nothing to check.
        if b"null" in body and "json" in media_type:
            check_numbers(content, enc_hook)
        return body


def may_hold_numbers(annotation: Any) -> bool:
    """Says whether values of a type may hold a float; values of an unknown type may."""
    try:
        node = types.type_info(annotation)
    except (TypeError, NameError):
        return True
    return any(isinstance(part, (types.FloatType, *OPEN)) for part in parts_of(node))


def check_response(response: Response[Any]) -> None:
    """Checks a response that an action returns itself, if it is JSON."""
    is_value = isinstance(response.content, float | list | tuple | dict | Struct) or is_dataclass(
        response.content
    )
    if is_value and "json" in str(response.media_type or "json"):
        check_numbers(response.content, str)


def check_numbers(content: Any, enc_hook: Serializer = default_serializer) -> None:
    """Raises WrongReply for an answer with NaN or infinity in it."""
    plain = msgspec.to_builtins(content, str_keys=True, enc_hook=enc_hook)
    try:
        json.dumps(plain, allow_nan=False)
    except ValueError as error:
        raise WrongReply(
            f"the answer has NaN or infinity in it, which JSON cannot hold ({error}): return None, or a text"
        ) from error
