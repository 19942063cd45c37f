"""Decimals in SQLite: text that compares by value, read back digit for digit, and exact arithmetic over it.

A number is kept as its sign, its exponent and its digits, which sort as numbers do, and then a space for each
zero at its end, which the collation RTRIM leaves out of comparisons: 10.5 equals 10.50 and each comes back as
it was.
"""

import sqlite3
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any

OFFSET = 500_000
NEGATIVE, ZERO, POSITIVE = "0", "1", "2"
COMPLEMENT = str.maketrans("0123456789", "9876543210")
LAST = "~"
"""Sorts after every digit: of two negative numbers, the one with more digits is the smaller."""
PLACES = 20
"""Digits after the decimal point of a quotient or an average."""
MAX_PLACES = 30
EXACT = Context(prec=400_000, Emax=999_999, Emin=-999_999)


def encode(value: Decimal) -> str:
    """Writes a number that is finite and has no positive exponent."""
    # This cannot be cached: 10.5 and 10.50 are equal, and would be one key.
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    written = "".join(map(str, digits)).lstrip("0")
    if not written:
        return ZERO + " " * -exponent
    kept = written.rstrip("0")
    zeros = " " * (len(written) - len(kept))
    power = f"{len(written) + exponent + OFFSET:06d}"
    if sign:
        return f"{NEGATIVE}{(power + kept).translate(COMPLEMENT)}{LAST}{zeros}"
    return f"{POSITIVE}{power}{kept}{zeros}"


@lru_cache(maxsize=10_000)
def decode(text: str) -> Decimal:
    """Reads a number that `encode` wrote."""
    kept = text.rstrip(" ")
    zeros = len(text) - len(kept)
    if kept == ZERO:
        return Decimal((0, (0,), -zeros))
    sign = int(kept[0] == NEGATIVE)
    written = kept[1:].rstrip(LAST).translate(COMPLEMENT) if sign else kept[1:]
    digits = written[6:] + "0" * zeros
    exponent = int(written[:6]) - OFFSET - len(digits)
    return Decimal((sign, tuple(map(int, digits)), exponent))


def _encoded(value: Decimal) -> str:
    return encode(_plain(value))


def _plain(value: Decimal) -> Decimal:
    _, _, exponent = value.as_tuple()
    if isinstance(exponent, int) and exponent > 0:
        value = value.quantize(Decimal(1), context=EXACT)
    return value if value else value.copy_abs()


def divide(one: Decimal, other: Decimal) -> Decimal | None:
    """Gives a quotient to PLACES decimal places, rounded half away from zero; None for a division by zero."""
    if not other:
        return None
    # One digit more than is kept is exact, and the digits after it cannot change the rounding.
    whole = EXACT.divide_int(one.copy_abs().scaleb(PLACES + 1, EXACT), other.copy_abs())
    kept = whole.scaleb(-1, EXACT).quantize(Decimal(1), ROUND_HALF_UP, EXACT).scaleb(-PLACES, EXACT)
    return trimmed(kept if (one < 0) == (other < 0) else kept.copy_negate())


def trimmed(value: Decimal) -> Decimal:
    """Removes the zeros at the end of a fraction."""
    return _plain(value.normalize(EXACT))


def rounded(value: Decimal, places: int) -> Decimal:
    """Rounds half away from zero."""
    places = max(0, min(places, MAX_PLACES))
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    if exponent >= -places:
        return value.quantize(Decimal(1).scaleb(-places), context=EXACT)
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, EXACT)


def round_real(value: float, places: int) -> float:
    """Rounds a real number as it is written with 15 digits, half away from zero."""
    if abs(value) >= 2**52:
        return value
    return float(rounded(Decimal(f"{value:.15g}"), places))


def _binary(work: Callable[[Decimal, Decimal], Decimal | None]) -> Callable[[Any, Any], str | None]:
    def apply(one: str | None, other: str | None) -> str | None:
        if one is None or other is None:
            return None
        found = work(decode(one), decode(other))
        return None if found is None else _encoded(found)

    return apply


def _unary(work: Callable[..., Any]) -> Callable[..., Any]:
    def apply(value: Any, *more: Any) -> Any:
        return None if value is None or None in more else work(value, *more)

    return apply


class Sum:
    """The exact sum of the Decimals in a group or a window; NULL where there is none."""

    def __init__(self) -> None:
        self.total: Decimal = Decimal(0)
        self.count: int = 0

    def step(self, value: str | None) -> None:
        """Adds a value."""
        if value is not None:
            self.total = EXACT.add(self.total, decode(value))
            self.count += 1

    def inverse(self, value: str | None) -> None:
        """Removes a value that has left the window."""
        if value is not None:
            self.total = EXACT.subtract(self.total, decode(value))
            self.count -= 1

    def value(self) -> str | None:
        """Gives what it is now."""
        return _encoded(self.total) if self.count else None

    finalize = value


class Average(Sum):
    """The average of the Decimals in a group or a window, to PLACES digits."""

    def value(self) -> str | None:
        """Gives what it is now."""
        found = divide(self.total, Decimal(self.count))
        return None if found is None else _encoded(found)

    finalize = value


def register(connection: sqlite3.Connection) -> None:
    """Registers on a connection the functions that translated queries call."""
    functions: list[tuple[str, int, Callable[..., Any]]] = [
        ("actum_decimal", 1, _unary(lambda value: _encoded(Decimal(repr(value))))),
        ("actum_decimal_text", 1, _unary(lambda value: f"{decode(value):f}")),
        ("actum_decimal_real", 1, _unary(lambda value: float(decode(value)))),
        ("actum_decimal_integer", 1, _unary(lambda value: _bounded(int(decode(value))))),
        ("actum_decimal_abs", 1, _unary(lambda value: _encoded(decode(value).copy_abs()))),
        ("actum_decimal_negated", 1, _unary(lambda value: _encoded(decode(value).copy_negate()))),
        ("actum_decimal_round", 2, _unary(lambda value, places: _encoded(rounded(decode(value), places)))),
        ("actum_decimal_add", 2, _binary(EXACT.add)),
        ("actum_decimal_subtract", 2, _binary(EXACT.subtract)),
        ("actum_decimal_multiply", 2, _binary(EXACT.multiply)),
        ("actum_decimal_divide", 2, _binary(divide)),
        ("actum_round", 2, _unary(lambda value, places: round_real(float(value), places))),
    ]
    for name, count, function in functions:
        connection.create_function(name, count, function, deterministic=True)
    windows: Any = connection
    windows.create_window_function("actum_decimal_sum", 1, Sum)
    windows.create_window_function("actum_decimal_avg", 1, Average)


def _bounded(value: int) -> int:
    return max(-(2**63), min(value, 2**63 - 1))
