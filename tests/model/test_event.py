"""Stored events, read by the class as it is today."""

from typing import Any

import pytest
from msgspec import json

from actum import Entity, command, reducer
from actum.errors import UndeclaredEvent, UnreadableEvent
from actum.model.entity import entity_type
from actum.model.event import Event, Stored
from actum.model.turn import Instance


class Priced(Event, version=3):
    buyer: str
    prices: dict[int, str]


@Priced.upcast(1)
def rename_who(payload: dict[str, Any]) -> dict[str, Any]:
    return {"buyer": payload.pop("who"), **payload}


@Priced.upcast(2)
def keep(payload: dict[str, Any]) -> dict[str, Any]:
    return payload


class Order(Entity):
    buyer: str = ""

    @command
    def forget(self) -> None:
        fact: Any = Priced
        self.emit(fact)

    @reducer
    def priced(self, event: Priced) -> None:
        self.buyer = event.buyer


READ = Priced.__event_type__.read


def stored(payload: bytes, version: int) -> Stored:
    return Stored(7, "Order", "o-1", 1, "Priced", version, payload, b"{}", 0)


def test_an_upcast_payload_is_read_like_one_of_today() -> None:
    """Keys that are no text are read as the annotations say, whatever the version."""
    carried = READ(b'{"who":"ann","prices":{"5":"low"}}', 1)

    assert carried == Priced("ann", {5: "low"})
    assert carried == READ(json.encode(carried), 3)


@pytest.mark.parametrize(
    ("payload", "version", "fix"),
    [
        (b'{"who":"ann","prices":{}}', 3, r"missing required field `buyer`.*version=4.*@Priced\.upcast\(3\)"),
        (b'{"prices":{}}', 1, r"its upcast from 1 failed: KeyError: 'who'"),
        (b'{"who":"ann","prices":{}}', 2, r"the result of its upcasts.*missing required field `buyer`"),
    ],
    ids=["shape changed", "upcast fails", "upcast falls short"],
)
def test_a_stored_event_that_does_not_fit_says_how_to_fix_it(payload: bytes, version: int, fix: str) -> None:
    """The error names the entity, the event and what to write; the checker's own error never comes out."""
    order = Instance(entity_type(Order), "o-1")

    with pytest.raises(UnreadableEvent, match=fix):
        READ(payload, version)
    with pytest.raises(UnreadableEvent, match=r"^Order/o-1 at version 1: .*" + fix):
        order.replay([stored(payload, version)])


def test_a_class_emitted_in_place_of_a_fact_is_told_apart() -> None:
    """Whoever forgets the brackets is told so."""
    kind = entity_type(Order)

    with pytest.raises(UndeclaredEvent, match=r"emitted the class Priced: emit an instance, Priced\(…\)"):
        Instance(kind, "o-1").decide(kind.commands["forget"], (), 0)
