"""The suite for erasing: everything that belongs to the entity is removed, and nothing else."""

import msgspec

from actum.conformance.database.actions import new_letter
from actum.ports.database import Database, Erasure, NewTimer, Progress
from actum.ports.message import NewMessage

ENTITY = ("Account", "a/1")
KEY = "Account/a/1"


async def save_letter(database: Database, action: str, key: str, position: int) -> None:
    """Adds the letter of an event."""
    before = await database.checkpoint(action, at_first=0)
    letter = new_letter(key, position, action=action)
    await database.save(Progress(action, "events", before=before, checkpoint=before, letters=(letter,)))


async def letters(database: Database) -> list[tuple[str, str, int]]:
    """Gives the actions, keys and positions of the letters."""
    return [(one.action, one.key, one.position) for one in await database.letters(limit=1_000)]


async def send(database: Database, *keys: str | None) -> list[int]:
    """Sends a message for each key, and gives their ids."""
    await database.send([NewMessage("payments", key, b"secret", 5, "c-1") for key in keys])
    return [message.id for message in await database.messages("payments", 0, 100)]


class ErasingConformance:
    """An erasure is recorded until it ends, and removes what waits for the entity."""

    async def test_an_erasure_is_known_until_it_is_ended(self, database: Database) -> None:
        await database.begin_erasure(Erasure(*ENTITY, 40))
        begun = await database.erasures()

        await database.end_erasure(*ENTITY, 47, keys=["a/1"])

        assert begun == [Erasure(*ENTITY, 40)]
        assert await database.erasures() == []

    async def test_an_erasure_that_is_begun_twice_is_the_first(self, database: Database) -> None:
        """A process that continues an erasure must not erase what has been added since."""
        await database.begin_erasure(Erasure(*ENTITY, 40))

        await database.begin_erasure(Erasure(*ENTITY, 90))

        assert await database.erasures() == [Erasure(*ENTITY, 40)]

    async def test_an_erasure_is_kept_with_its_reason(self, database: Database) -> None:
        """A process that continues it says the same; another erasure has a reason of its own."""
        await database.begin_erasure(Erasure(*ENTITY, 40, "closed"))
        begun = await database.erasures()
        await database.end_erasure(*ENTITY, 47, keys=[])

        await database.begin_erasure(Erasure(*ENTITY, 90, "a mistake"))

        assert begun == [Erasure(*ENTITY, 40, "closed")]
        assert await database.erasures() == [Erasure(*ENTITY, 90, "a mistake")]

    async def test_an_entity_may_be_erased_again(self, database: Database) -> None:
        await database.begin_erasure(Erasure(*ENTITY, 40))
        await database.end_erasure(*ENTITY, 47, keys=[])

        await database.begin_erasure(Erasure(*ENTITY, 90))

        assert await database.erasures() == [Erasure(*ENTITY, 90)]

    async def test_letters_of_its_events_go(self, database: Database) -> None:
        """Letters of other entities stay, and so do those of a new entity with the same id."""
        for action, key, position in (
            ("notify", KEY, 5),
            ("notify", KEY, 60),
            ("notify", "Account/a/2", 6),
            ("other", KEY, 7),
            ("other", "Loan/a/1", 8),
        ):
            await save_letter(database, action, key, position)

        await database.end_erasure(*ENTITY, 47, keys=[KEY, "a/1"])

        assert await letters(database) == [
            ("notify", KEY, 60),
            ("notify", "Account/a/2", 6),
            ("other", "Loan/a/1", 8),
        ]
        assert await database.blocked("notify") == {KEY: 1, "Account/a/2": 1}

    async def test_messages_with_its_keys_go(self, database: Database) -> None:
        await send(database, "a/1", KEY, "a/2", None, "A/1")

        await database.end_erasure(*ENTITY, 47, keys=[KEY, "a/1"])

        assert [one.key for one in await database.messages("payments", 0, 9)] == ["a/2", None, "A/1"]

    async def test_letters_of_messages_with_its_keys_go(self, database: Database) -> None:
        for key, position in (("a/1", 500), ("a/2", 501), (KEY, 502)):
            letter = new_letter(key, position, action="pay@queue:payments")
            await database.save(Progress(letter.action, "messages", letters=(letter,)))

        await database.end_erasure(*ENTITY, 47, keys=[KEY, "a/1"])

        assert await letters(database) == [("pay@queue:payments", "a/2", 501)]

    async def test_its_timers_go_with_their_letters(self, database: Database) -> None:
        for name, kind, id in (("t-1", *ENTITY), ("t-2", "Account", "a/2"), ("t-3", "Loan", "a/1")):
            await database.add_timer(NewTimer(name, 10, kind, id, "close", b'["secret"]', "c-2"))
        for key in (KEY, "Account/a/2"):
            letter = new_letter(key, 900, action="timers")
            await database.save(Progress("timers", "timers", letters=(letter,)))

        await database.end_erasure(*ENTITY, 47, keys=[])

        assert [timer.name for timer in await database.timers()] == ["t-2", "t-3"]
        assert await letters(database) == [("timers", "Account/a/2", 900)]

    async def test_an_event_that_was_erased_meanwhile_becomes_no_letter(self, database: Database) -> None:
        """An action that failed on an item after its entity was erased does not store the item again."""
        await database.checkpoint("notify", at_first=0)
        await database.end_erasure(*ENTITY, 47, keys=[])

        await save_letter(database, "notify", KEY, 46)
        await save_letter(database, "notify", KEY, 48)
        await save_letter(database, "notify", "Account/a/2", 46)

        assert await letters(database) == [("notify", KEY, 48), ("notify", "Account/a/2", 46)]

    async def test_a_message_that_was_erased_meanwhile_becomes_no_letter(self, database: Database) -> None:
        """The other items of the batch are stored."""
        first, second = await send(database, "a/1", "a/2")
        await database.end_erasure(*ENTITY, 47, keys=["a/1"])

        failed = (new_letter("a/1", first, action="pay"), new_letter("a/2", second, action="pay"))
        await database.save(Progress("pay", "messages", done=(first, second), letters=failed))

        assert await letters(database) == [("pay", "a/2", second)]
        assert await database.messages("payments", 0, 9) == []

    async def test_a_timer_that_was_erased_meanwhile_becomes_no_letter(self, database: Database) -> None:
        await database.add_timer(NewTimer("t-1", 10, *ENTITY, "close", b'["secret"]', "c-2"))
        [timer] = await database.timers()
        await database.end_erasure(*ENTITY, 47, keys=[])

        letter = msgspec.structs.replace(new_letter(KEY, timer.id), action="timers")
        await database.save(Progress("timers", "timers", done=(timer.id,), letters=(letter,)))

        assert await letters(database) == []

    async def test_names_that_run_into_each_other_are_told_apart(self, database: Database) -> None:
        """What belongs to `a/1` of the kind `Account` stays when `1` of the kind `Account/a` is erased."""
        for name, kind, id in (("t-1", "Account", "a/1"), ("t-2", "Account/a", "1")):
            await database.add_timer(NewTimer(name, 10, kind, id, "close", b"[]", "c-2"))

        await database.end_erasure("Account/a", "1", 47, keys=[])

        assert [timer.name for timer in await database.timers()] == ["t-1"]

    async def test_scrubbing_loses_nothing(self, database: Database) -> None:
        await send(database, "a/1")

        await database.scrub()

        assert [one.key for one in await database.messages("payments", 0, 9)] == ["a/1"]
