"""How values are shown on pages: numbers, times, JSON."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from actum.model.error_text import plain_text
from actum.model.event import to_datetime

MAX_SHOWN = 2_000
"""Characters of one value that a table shows."""
UNITS = ("bytes", "KB", "MB", "GB", "TB")
STEP = 1024


def number(value: int) -> str:
    """Gives a number with its thousands set apart."""
    return f"{value:,}"


def rate(value: float) -> str:
    """Gives how many there are a second."""
    if value <= 0:
        return "0/s"
    if value < 1:
        return f"{value:.1f}/s" if value >= 0.05 else "<0.1/s"
    return f"{value:,.1f}/s" if value < 10 else f"{value:,.0f}/s"


def size(value: float) -> str:
    """Gives a size in bytes, in the unit that suits it."""
    place = 0
    while value >= STEP and place < len(UNITS) - 1:
        value /= STEP
        place += 1
    unit = UNITS[place]
    return f"{value:,.0f} {unit}" if unit == "bytes" or value >= 10 else f"{value:,.1f} {unit}"


def time(microseconds: int) -> str:
    """Gives a time in UTC, to the second."""
    return to_datetime(microseconds).strftime("%Y-%m-%d %H:%M:%S")


def exact_time(microseconds: int) -> str:
    """Gives a time in UTC, to the microsecond, as machines write it."""
    return to_datetime(microseconds).isoformat()


def span(microseconds: float) -> str:
    """Gives a duration in its largest two units."""
    whole = timedelta(microseconds=max(0, microseconds))
    seconds = int(whole.total_seconds())
    if seconds < 1:
        return f"{max(0, microseconds) / 1000:.0f} ms"
    for length, unit, smaller, part in (
        (86_400, "d", 3_600, "h"),
        (3_600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if seconds >= length:
            rest = seconds % length // smaller
            return f"{seconds // length} {unit}" + (f" {rest} {part}" if rest else "")
    return f"{seconds} s"


def json(value: Any) -> str:
    """Gives a value as JSON on one line."""
    if isinstance(value, bytes | bytearray):
        return text(bytes(value).decode("utf-8", "replace"))
    return text(msgspec.json.encode(value, enc_hook=str).decode())


def pretty(value: Any) -> str:
    """Gives a value as JSON on several lines."""
    raw = bytes(value) if isinstance(value, bytes | bytearray) else msgspec.json.encode(value, enc_hook=str)
    try:
        return msgspec.json.format(raw, indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return json(value)


def text(value: Any) -> str:
    """Gives a text with control characters written out, cut where it is very long."""
    found = str(value)
    shown = plain_text(found[:MAX_SHOWN], limit=MAX_SHOWN)
    return shown if len(found) <= MAX_SHOWN else f"{shown}…"


def plain(value: Any) -> str:
    """Gives a text as it is, and any other value as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str).decode()


def raw(value: Any) -> str:
    """Gives bytes in hexadecimal digits, and any other value as text."""
    return text(bytes(value).hex() if isinstance(value, bytes | bytearray | memoryview) else value)


def numeric(rows: Sequence[Sequence[Any]]) -> list[bool]:
    """Says for each column of an answer whether it holds numbers alone, which are aligned at the right."""
    return [
        all(
            value is None or (isinstance(value, int | float) and not isinstance(value, bool))
            for value in column
        )
        for column in zip(*rows, strict=True)
    ]


FILTERS: Mapping[str, Callable[..., Any]] = {
    "number": number,
    "rate": rate,
    "size": size,
    "time": time,
    "exact_time": exact_time,
    "span": span,
    "json": json,
    "pretty": pretty,
    "text": text,
    "numeric": numeric,
    "plain": plain,
    "raw": raw,
}
"""What templates can apply to values, by name."""
