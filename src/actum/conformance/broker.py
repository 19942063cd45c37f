"""What every broker must do: subclass BrokerConformance, and yield both from its fixtures."""

import pytest

from actum.ports.broker import Broker
from actum.ports.database import Database, Erasure, NewLetter
from actum.ports.message import Message, NewMessage


def new_message(body: bytes, queue: str = "payments", key: str | None = "k") -> NewMessage:
    """Gives a message."""
    return NewMessage(queue, key, body, 5, "c-1", causation_id="Account/a@3", by="ann")


def new_letter(message: Message) -> NewLetter:
    """Gives the letter of a message that failed once."""
    return NewLetter("pay", message.key or "", message.id, message.body, "retrying", 1, 9, "OSError: down", 8)


class BrokerConformance:
    """Every promise of `actum.ports.broker`, as tests."""

    @pytest.fixture
    def database(self) -> Database:
        """Gives an empty database."""
        raise NotImplementedError(f"{type(self).__name__} has no fixture called database")

    @pytest.fixture
    def broker(self) -> Broker:
        """Gives an empty broker beside the database."""
        raise NotImplementedError(f"{type(self).__name__} has no fixture called broker")

    async def test_a_message_is_given_as_it_was_sent(self, broker: Broker) -> None:
        await broker.send([new_message(bytes(range(256)), "pay ü'", "k'; --")])

        (message,) = await broker.messages("pay ü'", 0, 10)

        assert message == Message(
            message.id, "pay ü'", "k'; --", bytes(range(256)), 5, "c-1", "Account/a@3", "ann"
        )

    async def test_messages_come_in_the_order_in_which_they_were_sent(self, broker: Broker) -> None:
        await broker.send([new_message(b"1"), new_message(b"2", "other"), new_message(b"3", key=None)])
        await broker.send([new_message(b"4")])

        first = await broker.messages("payments", 0, 2)
        later = await broker.messages("payments", first[-1].id, 10)

        assert [message.body for message in (*first, *later)] == [b"1", b"3", b"4"]
        ids = [message.id for message in (*first, *later)]
        assert ids == sorted(set(ids))

    async def test_a_message_is_given_under_the_same_id_until_it_is_settled(
        self, broker: Broker, database: Database
    ) -> None:
        await broker.send([new_message(b"1"), new_message(b"2")])
        one, two = await broker.messages("payments", 0, 10)
        assert await broker.messages("payments", 0, 10) == [one, two]

        await broker.settle([one.id], [], action="pay", database=database)
        await broker.settle([one.id], [], action="pay", database=database)

        assert await broker.messages("payments", 0, 10) == [two]
        assert await broker.messages("payments", two.id - 1, 10) == [two]

    async def test_the_id_of_a_settled_message_is_not_given_again(
        self, broker: Broker, database: Database
    ) -> None:
        await broker.send([new_message(b"1")])
        (one,) = await broker.messages("payments", 0, 10)
        await broker.settle([one.id], [], action="pay", database=database)

        await broker.send([new_message(b"2")])

        assert [message.body for message in await broker.messages("payments", one.id, 10)] == [b"2"]

    async def test_a_message_that_failed_is_a_letter_in_place_of_a_message(
        self, broker: Broker, database: Database
    ) -> None:
        await broker.send([new_message(b"1"), new_message(b"2")])
        one, two = await broker.messages("payments", 0, 10)

        await broker.settle([one.id, two.id], [new_letter(two)], action="pay", database=database)
        await broker.settle([two.id], [new_letter(two)], action="pay", database=database)

        assert await broker.messages("payments", 0, 10) == []
        assert [(letter.position, letter.body) for letter in await database.letters()] == [(two.id, b"2")]

    async def test_the_messages_of_each_queue_are_counted(self, broker: Broker) -> None:
        assert await broker.counts() == {}

        await broker.send([new_message(b"1"), new_message(b"2", "other"), new_message(b"3")])

        assert await broker.counts() == {"payments": 2, "other": 1}

    async def test_messages_of_an_erased_entity_are_gone_and_become_no_letters(
        self, broker: Broker, database: Database
    ) -> None:
        await broker.send([new_message(b"1", key="Account/a"), new_message(b"2", key="Account/b")])
        one, two = await broker.messages("payments", 0, 10)
        await database.begin_erasure(Erasure("Account", "a", 7))

        await broker.erase(["Account/a"])
        await broker.erase(["Account/a"])
        await database.end_erasure("Account", "a", 8, keys=["Account/a"])
        await broker.settle([one.id], [new_letter(one)], action="pay", database=database)

        assert await broker.messages("payments", 0, 10) == [two]
        assert await database.letters() == []
