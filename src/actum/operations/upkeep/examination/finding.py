"""What an examination finds: one line for each thing, which is well, or is not and can be fixed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from msgspec import Struct

from actum.errors import ActumError
from actum.model.error_text import error_message

Verdict = Literal["ok", "warning", "fault"]

LIMIT = 10.0
"""Seconds that something has to answer."""
SECOND = 1_000_000


Examination = Callable[[], Awaitable[Sequence["Finding"]]]


class Finding(Struct, frozen=True, omit_defaults=True):
    """What was found of a `part`, such as `clock`: `fix` says what to do where it is not well.

    A fault keeps the application from working, or loses data; a warning may.
    """

    part: str
    verdict: Verdict
    what: str
    fix: str = ""


def ok(part: str, what: str) -> Finding:
    """Gives a finding of what is well."""
    return Finding(part, "ok", what)


def warning(part: str, what: str, fix: str) -> Finding:
    """Gives a finding of what may become a fault."""
    return Finding(part, "warning", what, fix)


def fault(part: str, what: str, fix: str = "") -> Finding:
    """Gives a finding of what has to be fixed; without a fix, `what` says it."""
    return Finding(part, "fault", what, fix)


async def found_by(part: str, examine: Examination, *, limit: float | None = LIMIT) -> Sequence[Finding]:
    """Gives what an examination finds; one that fails or takes longer than `limit` seconds is a fault."""
    try:
        async with asyncio.timeout(limit):
            return await examine()
    except TimeoutError:
        return [fault(part, f"it gave no answer within {limit:g} s", "find out what holds it up")]
    except Exception as error:  # noqa: BLE001 (whatever it is, the examination goes on)
        text = error_message(error) or "it gives no reason"
        return [fault(part, text if isinstance(error, ActumError) else f"{type(error).__name__}: {text}")]


def clock_finding(place: str, theirs: int, *, tolerance: float, now: int) -> Finding:
    """Compares this machine's clock with another, both in microseconds since 1970."""
    apart = (now - theirs) / SECOND
    if abs(apart) <= tolerance:
        return ok("clock", f"as {place} says, within {tolerance:g} s")
    way = "ahead of" if apart > 0 else "behind"
    return warning(
        "clock",
        f"this machine is {abs(apart):,.1f} s {way} {place}",
        "synchronise the clocks of both (NTP, chrony): times of events, timers and tokens depend on them",
    )
