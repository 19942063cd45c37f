"""The suite for messages of queues: they keep their order, and none is lost."""

import asyncio

import pytest

from actum.errors import KeyReused
from actum.ports.database import Database, Progress
from actum.ports.message import NewMessage


def new_message(
    body: bytes = b"x", queue: str = "payments", once: str | None = None, time: int = 5
) -> NewMessage:
    """Gives a message with the key `k`."""
    return NewMessage(queue, "k", body, time, "c-1", once)


async def bodies(
    database: Database, queue: str = "payments", after: int = 0, limit: int = 10_000
) -> list[bytes]:
    """Gives the messages of a queue."""
    return [message.body for message in await database.messages(queue, after, limit)]


class QueueConformance:
    """Messages come in the order they were sent in, and marks hold."""

    async def test_a_message_is_kept_as_it_was_sent(self, database: Database) -> None:
        await database.send([NewMessage("pay ü'", "k'; --", bytes(range(256)), 2**50, "c-9")])

        (message,) = await database.messages("pay ü'", 0, 10)

        assert (message.queue, message.key, message.body) == ("pay ü'", "k'; --", bytes(range(256)))
        assert (message.time, message.correlation_id) == (2**50, "c-9")

    async def test_a_message_keeps_who_sent_it_and_why(self, database: Database) -> None:
        message = NewMessage(
            "payments", "k", b"x", 5, "c-1", None, "", "Account/ä@3", "ann \N{SLICE OF PIZZA}", "00-1-2-01"
        )
        await database.send([message])

        (kept,) = await database.messages("payments", 0, 10)

        assert (kept.causation_id, kept.by) == ("Account/ä@3", "ann \N{SLICE OF PIZZA}")
        assert kept.traceparent == "00-1-2-01"

    async def test_a_message_may_have_no_key(self, database: Database) -> None:
        await database.send([NewMessage("payments", None, b"x", 5, "c")])

        assert [message.key for message in await database.messages("payments", 0, 10)] == [None]

    async def test_messages_come_in_the_order_they_were_sent(self, database: Database) -> None:
        await database.send([new_message(b"%d" % number) for number in range(700)])
        await database.send([new_message(b"last")])

        messages = await database.messages("payments", 0, 1_000)

        assert [message.body for message in messages] == [*(b"%d" % number for number in range(700)), b"last"]
        ids = [message.id for message in messages]
        assert ids == sorted(set(ids))

    async def test_messages_of_other_queues_are_not_given(self, database: Database) -> None:
        await database.send([new_message(b"1"), new_message(b"2", "other"), new_message(b"3")])

        assert await bodies(database) == [b"1", b"3"]
        assert await bodies(database, "other") == [b"2"]
        assert await bodies(database, "empty") == []

    async def test_messages_are_given_in_pages(self, database: Database) -> None:
        await database.send([new_message(b"%d" % number) for number in range(5)])

        first = await database.messages("payments", 0, 2)
        second = await database.messages("payments", first[-1].id, 2)
        third = await database.messages("payments", second[-1].id, 2)

        assert [message.body for message in (*first, *second, *third)] == [b"0", b"1", b"2", b"3", b"4"]

    async def test_messages_stay_until_they_are_done(self, database: Database) -> None:
        await database.send([new_message(b"1"), new_message(b"2")])
        await database.messages("payments", 0, 10)

        assert await bodies(database) == [b"1", b"2"]

    async def test_the_id_of_a_message_that_is_done_is_not_given_again(self, database: Database) -> None:
        await database.send([new_message(b"1")])
        (first,) = await database.messages("payments", 0, 10)
        await database.save(Progress("pay", "messages", done=(first.id,)))

        await database.send([new_message(b"2")])

        assert await bodies(database, after=first.id) == [b"2"]

    async def test_the_messages_of_each_queue_are_counted(self, database: Database) -> None:
        assert await database.message_counts() == {}
        await database.send([new_message(b"1"), new_message(b"2", "other"), new_message(b"3")])
        (first, _) = await database.messages("payments", 0, 10)
        assert await database.message_counts() == {"payments": 2, "other": 1}

        await database.save(Progress("pay", "messages", done=(first.id,)))

        assert await database.message_counts() == {"payments": 1, "other": 1}

    async def test_sending_nothing_is_no_error(self, database: Database) -> None:
        await database.send([])

        assert await bodies(database) == []

    async def test_a_once_mark_is_sent_once(self, database: Database) -> None:
        await database.send([new_message(b"1", once="p-7")])
        await database.send([new_message(b"2", once="p-7"), new_message(b"3", once="p-8"), new_message(b"4")])

        assert await bodies(database) == [b"1", b"3", b"4"]

    async def test_a_once_mark_stands_for_one_call_alone(self, database: Database) -> None:
        first = NewMessage("payments", "k", b"1", 5, "c", "p-7", "call 1")
        await database.send([first])
        await database.send([first])
        other = NewMessage("payments", "k", b"2", 5, "c", "p-7", "call 2")

        with pytest.raises(KeyReused):
            await database.send([other])
        with pytest.raises(KeyReused):
            await database.send([new_message(b"3", once="p-8"), other, new_message(b"4")])

        assert await bodies(database) == [b"1"]
        await database.send([new_message(b"5", once="p-8")])
        assert await bodies(database) == [b"1", b"5"]

    async def test_a_once_mark_that_stood_for_anything_goes_on_to(self, database: Database) -> None:
        await database.send([new_message(b"1", once="p-7")])

        await database.send([NewMessage("payments", "k", b"2", 5, "c", "p-7", "call 2")])

        assert await bodies(database) == [b"1"]

    async def test_a_once_mark_that_comes_twice_in_one_sending_is_sent_once(self, database: Database) -> None:
        await database.send([new_message(b"1", once="p-7"), new_message(b"2", once="p-7")])

        assert await bodies(database) == [b"1"]

    async def test_a_once_mark_holds_after_its_message_is_done(self, database: Database) -> None:
        await database.send([new_message(b"1", once="p-7")])
        (message,) = await database.messages("payments", 0, 10)
        await database.save(Progress("pay", "messages", done=(message.id,)))

        await database.send([new_message(b"2", once="p-7")])

        assert await bodies(database) == []

    async def test_a_once_mark_belongs_to_its_queue(self, database: Database) -> None:
        await database.send([new_message(b"1", once="p-7"), new_message(b"2", "other", once="p-7")])

        assert await bodies(database) == [b"1"]
        assert await bodies(database, "other") == [b"2"]

    async def test_a_once_mark_that_is_sent_many_times_at_once_is_sent_once(self, database: Database) -> None:
        await asyncio.gather(*(database.send([new_message(b"%d" % n, once="p-7")]) for n in range(8)))

        assert len(await bodies(database)) == 1

    async def test_once_marks_are_forgotten_after_their_time(self, database: Database) -> None:
        await database.send([new_message(b"%d" % n, once=f"p-{n}", time=n) for n in range(5)])

        assert await database.forget_sent(3) == 3

        await database.send([new_message(b"again %d" % n, once=f"p-{n}", time=9) for n in range(5)])
        assert await bodies(database) == [b"0", b"1", b"2", b"3", b"4", b"again 0", b"again 1", b"again 2"]
        assert await database.forget_sent(0) == 0

    async def test_all_messages_are_sent_or_none(self, database: Database) -> None:
        broken = NewMessage("payments", "k", None, 5, "c", "p-9")  # type: ignore[arg-type]

        with pytest.raises(Exception, match=r"."):
            await database.send([new_message(b"1", once="p-7"), broken, new_message(b"2")])

        assert await bodies(database) == []
        await database.send([new_message(b"3", once="p-7")])
        assert await bodies(database) == [b"3"]

    async def test_a_database_that_takes_writes_says_that_nothing_is_wrong(self, database: Database) -> None:
        await database.send([new_message(b"1")])

        assert (database.failure, database.refuses_writes) == (None, False)
