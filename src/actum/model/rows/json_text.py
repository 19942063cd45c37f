"""How a value is written as JSON for a column, if it is read back as the same."""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from actum.model.values.round_trip import RoundTrip, Strictness

NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""NUL in JSON. Only after an even number of backslashes; otherwise the text merely looks like it."""


def json_to_sql(annotation: Any) -> Callable[[Any], str]:
    """Returns what writes values of a type; that raises ValueError for one that does not come back."""
    decode = msgspec.json.Decoder(annotation).decode
    trip = RoundTrip(annotation)

    def convert(value: Any) -> str:
        try:
            text = msgspec.json.encode(value)
            # A value that would be read back as something else must not be written.
            fault = trip.between(value, decode(text), Strictness.STATE)
        except RecursionError as error:
            raise ValueError("it is nested too deeply for JSON") from error
        if fault is not None:
            raise ValueError(fault)
        if b"\\u0000" in text and NUL.search(text):
            raise ValueError("a text in it has the character NUL, which PostgreSQL cannot hold; leave it out")
        return text.decode()

    return convert
