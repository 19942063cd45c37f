"""Values of another type than their annotation's, said for the author who gave one."""

from types import UnionType
from typing import Any, get_origin

from msgspec.json import encode

from actum.model.values.round_trip import LOST, RoundTrip, short_repr
from actum.model.values.serialisable import display


def mismatch(annotation: Any, value: Any) -> str | None:
    """Says what a value must be and what it is, if JSON refuses it or gives back another type; else None."""
    if not _is_of_another_type(annotation, value):
        return None
    shown = display(annotation)
    article = "an" if shown[0] in "aeiou" else "a"
    return f"must be {article} {shown}, and was given the {type(value).__name__} {short_repr(value)}"


def _is_of_another_type(annotation: Any, value: Any) -> bool:
    plain = get_origin(annotation) or annotation
    has_class = isinstance(plain, type) and plain not in (Any, UnionType)
    if has_class and isinstance(value, plain):
        return False
    trip = RoundTrip(annotation)
    try:
        kept = trip.read(encode(value))
    except LOST:
        return has_class
    are_lists = isinstance(kept, list | tuple | set | frozenset | dict)
    return not (trip.is_open or are_lists or isinstance(value, type(kept)) or value == kept)
