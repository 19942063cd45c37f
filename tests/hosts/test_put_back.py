"""States in objects are what their events made of them, whatever a command or a query does beside."""

import itertools
from typing import Any

import pytest

from tests.hosts.cloudflare import Cloudflare
from tests.runtime.test_put_back import Basket, Shelf

numbers = itertools.count(1)


def sent(kind: Any, name: str, *arguments: str) -> list[Any]:
    """Gives a command as it travels."""
    written = "[" + ",".join(f'"{argument}"' for argument in arguments) + "]"
    attempt = f"attempt-{next(numbers)}"
    return [kind.__name__, "x", ["Command", name, written, "{}", attempt, None, "", None, False]]


def asked(kind: Any, name: str, *arguments: str) -> list[Any]:
    written = "[" + ",".join(f'"{argument}"' for argument in arguments) + "]"
    return [kind.__name__, "x", ["Query", name, written]]


@pytest.mark.parametrize("kind", [Shelf, Basket])
async def test_an_object_puts_back_what_a_turn_changed_beside_its_events(kind: Any) -> None:
    """After refusals, errors and queries, in its answers and in the snapshot that a new object reads."""
    cloudflare = Cloudflare(kind)
    await cloudflare.calls(sent(kind, "put", "one"))
    [before] = await cloudflare.calls(asked(kind, "held"))

    for how in ("rejected", "error", "returns"):
        await cloudflare.calls(sent(kind, "spoil", how), asked(kind, "peek", how))
    [after] = await cloudflare.calls(asked(kind, "held"))
    await cloudflare.calls(*(sent(kind, "spoil", "emits") for _ in range(3)))
    for what in ("two", "three", "four"):
        await cloudflare.calls(sent(kind, "put", what))
    cloudflare.entities.live.clear()
    [from_snapshot] = await cloudflare.calls(asked(kind, "held"))

    assert after == before
    words = "spoilt[],spoilt[],spoilt[],two[],three[],four[]" if kind is Basket else "7,four"
    assert (
        from_snapshot[0] == '["' + (f"one[],{words}" if kind is Basket else words).replace(",", '","') + '"]'
    )
