"""Whether what clients saw of one register could have happened one step at a time (Wing and Gong)."""

from collections.abc import Callable, Sequence
from math import inf

from msgspec import Struct


class Operation(Struct, frozen=True):
    """What a client asked for between two moments, and how it fits a state.

    `apply` gives the state after it, or None when what was answered does not fit the state before. Where
    nothing was answered, `end` is infinite: it may have come to pass at any time since.
    """

    start: float
    end: float
    apply: Callable[[int], int | None]
    name: str = ""


def is_linearizable(operations: Sequence[Operation], state: int) -> bool:
    """Says whether there is an order that clients' clocks allow and in which every answer is right."""
    calls = sorted(operations, key=lambda call: call.start)
    everything = sum(1 << number for number, call in enumerate(calls) if call.end < inf)
    seen = set()
    ways = [(0, state)]
    while ways:
        done, state = way = ways.pop()
        if done & everything == everything:
            return True
        if way in seen:
            continue
        seen.add(way)
        # What has to be over first is tried last, and so is on top.
        for number in sorted(_possible(calls, done), key=lambda number: -calls[number].end):
            after = calls[number].apply(state)
            if after is not None:
                ways.append((done | 1 << number, after))
    return False


def _possible(calls: Sequence[Operation], done: int) -> list[int]:
    """Gives which calls may come next: those that began before any other that is not done was over."""
    found = []
    over = inf
    first = (~done & (done + 1)).bit_length() - 1
    for number in range(first, len(calls)):
        if calls[number].start > over:
            break
        if not done >> number & 1:
            found.append(number)
            over = min(over, calls[number].end)
    return found
