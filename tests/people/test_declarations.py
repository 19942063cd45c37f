"""Mistakes in the declaration of personal data are refused when the application is built, with the fix."""

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from actum import (
    FORGOTTEN,
    Actions,
    App,
    Context,
    DefinitionError,
    Entity,
    Event,
    Forgotten,
    Invalid,
    Personal,
    PersonId,
    View,
    reducer,
)
from actum.errors import KeyMissing
from actum.testing import testing
from tests.people.members import ANN, Address, Member, Order
from tests.people.members import app as members_app


class Known(Event):
    email: Personal[str]


class Named(Event):
    who: PersonId
    email: Personal[str]


def test_values_without_an_owner_are_refused() -> None:
    class Loose(Entity, emits=[Known]): ...

    with pytest.raises(DefinitionError, match=r'nothing says whose.*person="id"'):
        App("a", entities=[Loose])


def test_a_field_beside_a_value_may_say_whose_it_is() -> None:
    class Fine(Entity, emits=[Named]): ...

    App("a", entities=[Fine])


def test_the_named_field_has_to_be_there() -> None:
    class Order(Entity, person="customer", emits=[Known]): ...

    with pytest.raises(DefinitionError, match="add `customer: str` to it"):
        App("a", entities=[Order])


def test_person_without_personal_data_is_refused() -> None:
    class Plain(Event):
        number: int

    class Nobody(Entity, person="id", emits=[Plain]): ...

    with pytest.raises(DefinitionError, match="has no personal data"):
        App("a", entities=[Nobody])


def test_whole_objects_are_marked_by_their_fields() -> None:
    class Address(Struct):
        street: str

    with pytest.raises(DefinitionError, match="mark its fields instead"):
        Personal[Address]  # type: ignore[type-arg]
    with pytest.raises(DefinitionError, match="needs a type"):
        Personal[Any]
    with pytest.raises(DefinitionError, match="an object or an array"):
        Personal[dict[str, int] | list[int]]


def test_keys_of_dicts_and_dataclasses_cannot_be_sealed() -> None:
    class Keyed(Event):
        emails: dict[Personal[str], int]

    @dataclass
    class Card:
        email: Personal[str]

    class Carded(Event):
        card: Card

    for event in (Keyed, Carded):

        class Holder(Entity, person="id", emits=[event]): ...

        with pytest.raises(DefinitionError):
            App("a", entities=[Holder])


def test_the_key_of_a_view_cannot_be_forgotten() -> None:
    class Addresses(View, key="email"):
        email: Personal[str] = ""

        @reducer(key="email")
        def known(self, event: Known) -> None: ...

    with pytest.raises(DefinitionError, match="cannot be a key"):
        App("a", entities=[Member], views=[Addresses])


def test_a_column_that_may_be_none_could_not_be_told_from_a_forgotten_one() -> None:
    class Addresses(View):
        id: str
        email: Personal[str | None] = None

        @reducer
        def known(self, event: Known) -> None: ...

    with pytest.raises(DefinitionError, match="NULL says that the value is forgotten"):
        App("a", entities=[Member], views=[Addresses])


def test_messages_say_whose_their_values_are() -> None:
    class Loose(Struct):
        email: Personal[str]

    actions = Actions()

    @actions.queue("mails")
    async def send(ctx: Context, mail: Loose) -> None: ...

    with pytest.raises(DefinitionError, match="customer: PersonId"):
        App("a", actions=[actions])


def test_fields_of_two_persons_are_not_guessed_at() -> None:
    class Sent(Event):
        sender: PersonId
        receiver: PersonId
        text: Personal[str]

    class Chat(Entity, emits=[Sent]): ...

    with pytest.raises(DefinitionError, match="several fields of the type PersonId"):
        App("a", entities=[Chat])


async def test_a_lasting_store_needs_a_key(tmp_path: Any) -> None:
    with pytest.raises(KeyMissing, match="ACTUM_KEY is not set: set it to the output of `actum keys new`"):
        async with testing(members_app, store=f"sqlite:///{tmp_path}/m.db"):
            pass


async def test_what_belongs_to_nobody_is_refused_and_others_are_written() -> None:
    async with testing(members_app) as running:
        ctx = running.ctx
        with pytest.raises(Invalid, match="belongs to nobody"):
            await ctx.entity(Order, "o-1").place("", Address("a street"))
        await ctx.entity(Order, "o-1").place("ann", Address("a street"))


async def test_a_caller_cannot_claim_that_a_value_is_sealed() -> None:
    sealed = msgspec.json.decode(b'{"sealed":"AAAA.BBBB"}', type=Personal[str])
    async with testing(members_app) as running:
        with pytest.raises(Invalid, match="a sealed value was given"):
            await running.ctx.entity(Member, "ann").rename(sealed)


def test_forgotten_values_are_equal_and_false() -> None:
    read = msgspec.json.decode(b'{"forgotten":true}', type=Personal[str])

    assert read == FORGOTTEN
    assert isinstance(read, Forgotten)
    assert not read
    assert msgspec.json.encode(read) == b'{"forgotten":true}'
    assert f"{read}" == "(forgotten)"


def test_data_of_before_it_was_personal_is_still_read() -> None:
    event_type = Known.__event_type__
    event_type.check()

    assert event_type.read(b'{"email":"%b"}' % ANN.encode(), 1) == Known(ANN)
