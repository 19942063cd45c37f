"""Asking a store for many things, where one answer may cover only the first of them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


async def ask_for_all(ask: Callable[[Sequence[A]], Awaitable[Sequence[B]]], wanted: Sequence[A]) -> list[B]:
    """Gives an answer for each thing, in order; asks again for those that an answer has left out."""
    found: list[B] = []
    while len(found) < len(wanted):
        answers = await ask(wanted[len(found) :])
        assert answers, "an answer covers one thing at least"
        found += answers
    return found
