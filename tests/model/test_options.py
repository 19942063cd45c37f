"""Options of declarations that do not exist: refused where they stand, with the one that was meant."""

from collections.abc import Callable
from typing import Any

import pytest

from actum import Actions, App, DefinitionError, Entity, Event, View


class Happened(Event):
    n: int


def declare_event(**options: Any) -> Any:
    return type(Event)("Paid", (Event,), {}, **options)


def declare_entity(**options: Any) -> Any:
    return type(Entity)("Account", (Entity,), {}, **options)


def declare_view(**options: Any) -> Any:
    return type(View)("Balances", (View,), {"__annotations__": {"id": str}}, **options)


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (
            lambda: Actions().on(Happened, retrys=3),
            "@actions.on has no option retrys=: did you mean retries=?",
        ),
        (
            lambda: Actions().queue("q", retry=3),
            "@actions.queue has no option retry=: did you mean retries=?",
        ),
        (lambda: Actions().every(hour=1), "@actions.every has no option hour=: did you mean hours=?"),
        (lambda: Actions().cron("* * * * *", tz="UTC"), "@actions.cron has no option tz=: "),
        (lambda: Actions().every(5), "@actions.every: too many positional arguments"),
        (lambda: Actions().queue(), "@actions.queue: missing a required argument: 'queue'"),
        (lambda: App("x", entites=[]), "App has no option entites=: did you mean entities=?"),
        (lambda: declare_event(nmae="x"), "class Paid(Event) has no option nmae=: did you mean name=?"),
        (
            lambda: declare_entity(snapshot_evry=1),
            "class Account(Entity) has no option snapshot_evry=: did you mean snapshot_every=?",
        ),
        (
            lambda: declare_view(index=["a"]),
            "class Balances(View) has no option index=: did you mean indexes=?",
        ),
    ],
)
def test_an_option_that_does_not_exist_is_refused_with_the_one_that_was_meant(
    declare: Callable[[], Any], message: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        declare()

    assert str(caught.value).startswith(message)


def test_the_options_of_structs_are_those_of_declarations_too() -> None:
    assert declare_event(name="Paid", version=2, omit_defaults=True, kw_only=True)
    assert declare_entity(snapshot_every=5, omit_defaults=True)
    assert declare_view(indexes=["id"], rename="lower")
