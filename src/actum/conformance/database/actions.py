"""The suite for actions: checkpoints, letters, and the next ticks of the clock."""

import asyncio

import msgspec
import pytest

from actum.errors import StaleWrite
from actum.ports.database import Database, Letter, LetterCount, NewLetter, NewTimer, Progress
from actum.ports.letter import LetterStatus, Request
from actum.ports.message import NewMessage


def new_letter(
    key: str = "a",
    position: int = 5,
    *,
    action: str = "notify",
    status: LetterStatus = "retrying",
    body: bytes = b"{}",
) -> NewLetter:
    """Gives a letter whose numbers all differ."""
    is_waiting = status == "waiting"
    return NewLetter(
        action=action,
        key=key,
        position=position,
        body=body,
        status=status,
        attempts=0 if is_waiting else 1,
        due=0 if is_waiting else 900,
        error="" if is_waiting else "boom 💥 it's broken",
        time=800 + position,
    )


async def save_letters(database: Database, *letters: NewLetter) -> list[Letter]:
    """Adds letters, and gives all of them."""
    for letter in letters:
        await database.save(Progress(letter.action, "messages", letters=(letter,)))
    return await database.letters(limit=1_000)


class ActionConformance:
    """Checkpoints move once, letters keep their order, and requests reach the action's process."""

    async def test_a_new_action_starts_where_it_is_told(self, database: Database) -> None:
        assert await database.checkpoint("notify", at_first=40) == 40

    async def test_a_checkpoint_is_kept_from_the_first_time_on(self, database: Database) -> None:
        await database.checkpoint("notify", at_first=40)

        assert await database.checkpoint("notify", at_first=90) == 40
        assert await database.checkpoint("other", at_first=90) == 90

    async def test_a_checkpoint_of_0_is_kept_too(self, database: Database) -> None:
        await database.checkpoint("notify", at_first=0)

        assert await database.checkpoint("notify", at_first=90) == 0

    async def test_those_who_start_an_action_at_once_agree_where(self, database: Database) -> None:
        found = await asyncio.gather(*(database.checkpoint("notify", at_first=at) for at in range(5)))

        assert len(set(found)) == 1

    async def test_progress_moves_the_checkpoint(self, database: Database) -> None:
        await database.checkpoint("notify", at_first=40)

        await database.save(Progress("notify", "events", before=40, checkpoint=47))

        assert await database.checkpoint("notify", at_first=0) == 47

    @pytest.mark.parametrize("before", [0, 39, 41, 47])
    async def test_progress_from_another_checkpoint_is_fenced_and_saves_no_letter(
        self, database: Database, before: int
    ) -> None:
        await database.checkpoint("notify", at_first=40)

        with pytest.raises(StaleWrite):
            await database.save(
                Progress("notify", "events", before=before, checkpoint=47, letters=(new_letter(),))
            )

        assert await database.checkpoint("notify", at_first=0) == 40
        assert await database.letters() == []

    async def test_progress_of_an_action_that_never_started_is_fenced(self, database: Database) -> None:
        with pytest.raises(StaleWrite):
            await database.save(Progress("notify", "events", before=0, checkpoint=47))

    async def test_of_two_that_move_a_checkpoint_one_does(self, database: Database) -> None:
        await database.checkpoint("notify", at_first=0)

        outcomes = await asyncio.gather(
            *(database.save(Progress("notify", "events", before=0, checkpoint=at)) for at in (7, 8, 9)),
            return_exceptions=True,
        )

        assert sum(outcome is None for outcome in outcomes) == 1
        assert sum(isinstance(outcome, StaleWrite) for outcome in outcomes) == 2

    async def test_progress_may_save_letters_without_moving(self, database: Database) -> None:
        await database.checkpoint("notify", at_first=40)

        await database.save(Progress("notify", "events", before=40, checkpoint=40, letters=(new_letter(),)))

        assert await database.checkpoint("notify", at_first=0) == 40
        assert len(await database.letters()) == 1

    async def test_messages_and_timers_need_no_checkpoint(self, database: Database) -> None:
        await database.save(Progress("pay", "messages", letters=(new_letter(action="pay"),)))
        await database.save(Progress("ring", "timers", letters=(new_letter(action="ring"),)))

        assert {letter.action for letter in await database.letters()} == {"pay", "ring"}

    async def test_done_messages_leave_their_queue_as_their_letters_come(self, database: Database) -> None:
        await database.send([NewMessage("payments", "k", b"%d" % n, 5, "c") for n in range(4)])
        first, second, third, _ = await database.messages("payments", 0, 10)

        await database.save(
            Progress(
                "pay", "messages", done=(first.id, second.id, third.id), letters=(new_letter(action="pay"),)
            )
        )

        assert [message.body for message in await database.messages("payments", 0, 10)] == [b"3"]
        assert len(await database.letters(action="pay")) == 1

    async def test_messages_that_are_done_already_may_be_done_again(self, database: Database) -> None:
        await database.send([NewMessage("payments", "k", b"x", 5, "c")])
        (message,) = await database.messages("payments", 0, 10)

        for _ in range(2):
            await database.save(Progress("pay", "messages", done=(message.id, 99_999)))

        assert await database.messages("payments", 0, 10) == []

    async def test_done_timers_are_gone(self, database: Database) -> None:
        await database.add_timer(NewTimer("t", 5, "Account", "a", "close", b"[]", "c"))
        await database.add_timer(NewTimer("u", 6, "Account", "a", "close", b"[]", "c"))
        first, second = await database.timers()

        await database.save(Progress("timers", "timers", done=(first.id,)))

        assert await database.timers() == [second]

    async def test_many_items_are_done_at_once(self, database: Database) -> None:
        await database.send([NewMessage("payments", None, b"%d" % n, 5, "c") for n in range(2_345)])
        messages = await database.messages("payments", 0, 5_000)

        await database.save(Progress("pay", "messages", done=tuple(message.id for message in messages[1:])))

        assert await database.messages("payments", 0, 5_000) == messages[:1]

    async def test_a_letter_is_kept_as_it_was_written(self, database: Database) -> None:
        (letter,) = await save_letters(database, new_letter("ü'; --", 2**40, body=bytes(range(256))))

        assert letter == Letter(
            id=letter.id,
            action="notify",
            key="ü'; --",
            position=2**40,
            body=bytes(range(256)),
            status="retrying",
            attempts=1,
            due=900,
            error="boom 💥 it's broken",
            first_failed=800 + 2**40,
            last_failed=800 + 2**40,
            request=None,
        )
        assert await database.letter(letter.id) == letter

    async def test_a_letter_that_only_waits_has_not_failed(self, database: Database) -> None:
        (letter,) = await save_letters(database, new_letter(status="waiting"))

        assert (letter.status, letter.first_failed, letter.last_failed) == ("waiting", 0, 0)

    async def test_what_is_a_letter_already_does_not_become_another(self, database: Database) -> None:
        letters = await save_letters(database, new_letter(), new_letter(status="waiting"))

        assert len(letters) == 1
        assert letters[0].status == "retrying"

    @pytest.mark.parametrize(
        "other",
        [
            new_letter(position=6),
            new_letter("b"),
            new_letter(action="other"),
            new_letter(body=b"[]"),
        ],
        ids=["position", "key", "action", "body"],
    )
    async def test_what_is_another_item_becomes_another_letter(
        self, database: Database, other: NewLetter
    ) -> None:
        assert len(await save_letters(database, new_letter(), other)) == 2

    async def test_the_first_letter_of_a_key_has_the_lowest_position(self, database: Database) -> None:
        await save_letters(
            database, *(new_letter("a", position) for position in (8, 3, 5)), new_letter("b", 1)
        )

        first = await database.first_letter("notify", "a")

        assert first is not None
        assert first.position == 3

    async def test_a_key_without_letters_has_no_first_one(self, database: Database) -> None:
        await save_letters(database, new_letter("a"), new_letter("b", action="other"))

        assert await database.first_letter("notify", "b") is None

    async def test_letters_of_a_key_come_up_one_after_the_other(self, database: Database) -> None:
        await save_letters(database, *(new_letter("a", position, status="waiting") for position in (9, 7, 8)))
        order = []

        while letter := await database.first_letter("notify", "a"):
            order.append(letter.position)
            await database.remove_letter(letter.id)

        assert order == [7, 8, 9]

    async def test_blocked_keys_are_counted_by_action(self, database: Database) -> None:
        await save_letters(
            database,
            new_letter("a", 1),
            new_letter("a", 2),
            new_letter("b", 3),
            new_letter("c", action="other"),
        )

        assert await database.blocked("notify") == {"a": 2, "b": 1}
        assert await database.blocked("nobody") == {}

    async def test_another_failure_is_written_down(self, database: Database) -> None:
        (letter,) = await save_letters(database, new_letter())

        await database.update_letter(
            letter.id, status="dead", attempts=5, due=77, error="worse", failed_at=6_000
        )

        found = await database.letter(letter.id)
        assert found is not None
        assert (found.status, found.attempts, found.due, found.error) == ("dead", 5, 77, "worse")
        assert (found.first_failed, found.last_failed) == (805, 6_000)
        assert (found.body, found.position, found.key) == (letter.body, letter.position, letter.key)

    async def test_what_a_letter_was_given_up_for_is_kept_until_another_failure_says_otherwise(
        self, database: Database
    ) -> None:
        (letter,) = await save_letters(database, msgspec.structs.replace(new_letter(), failure="was down"))
        before = await database.letter(letter.id)

        for failure in ("gone", ""):
            await database.update_letter(
                letter.id, status="retrying", attempts=1, due=7, error="x", failed_at=9, failure=failure
            )
            found = await database.letter(letter.id)
            assert found is not None
            assert found.failure == failure
        assert before is not None
        assert before.failure == "was down"

    async def test_the_first_failure_of_a_letter_that_waited_is_its_first(self, database: Database) -> None:
        (letter,) = await save_letters(database, new_letter(status="waiting"))

        for failed_at in (6_000, 7_000):
            await database.update_letter(
                letter.id, status="retrying", attempts=1, due=77, error="boom", failed_at=failed_at
            )

        found = await database.letter(letter.id)
        assert found is not None
        assert (found.first_failed, found.last_failed) == (6_000, 7_000)

    async def test_a_failure_of_a_letter_that_is_gone_is_no_error(self, database: Database) -> None:
        await database.update_letter(4, status="dead", attempts=5, due=7, error="x", failed_at=6)

        assert await database.letters() == []

    async def test_a_letter_may_be_removed_twice(self, database: Database) -> None:
        first, second = await save_letters(database, new_letter("a"), new_letter("b"))

        for _ in range(2):
            await database.remove_letter(first.id)

        assert await database.letters() == [second]
        assert await database.letter(first.id) is None

    async def test_the_id_of_a_removed_letter_is_not_given_again(self, database: Database) -> None:
        (first,) = await save_letters(database, new_letter("a"))
        await database.remove_letter(first.id)

        (second,) = await save_letters(database, new_letter("b"))

        assert second.id > first.id

    async def test_letters_are_listed_by_action_and_status_in_pages(self, database: Database) -> None:
        letters = await save_letters(
            database,
            new_letter("a", 1, status="dead"),
            new_letter("b", 2, status="waiting"),
            new_letter("c", 3, status="dead"),
            new_letter("d", 4, status="dead", action="other"),
        )

        assert [letter.key for letter in letters] == ["a", "b", "c", "d"]
        assert await database.letters(action="notify") == letters[:3]
        assert await database.letters(status="dead") == [letters[0], letters[2], letters[3]]
        assert await database.letters(action="notify", status="dead") == [letters[0], letters[2]]
        assert await database.letters(status="dead", limit=2) == [letters[0], letters[2]]
        assert await database.letters(status="dead", after=letters[2].id) == [letters[3]]
        assert await database.letters(action="nobody") == []

    async def test_a_request_waits_for_whoever_runs_the_action(self, database: Database) -> None:
        first, second, third = await save_letters(
            database, new_letter("a"), new_letter("b"), new_letter("c", action="other")
        )

        assert await database.request_letter(second.id, "retry")
        assert await database.request_letter(third.id, "skip")

        (found,) = await database.requested_letters("notify")
        assert (found.id, found.request) == (second.id, "retry")
        assert [letter.request for letter in await database.requested_letters("other")] == ["skip"]
        assert first not in await database.requested_letters("notify")

    async def test_letters_are_counted_by_action_and_status(self, database: Database) -> None:
        assert await database.letter_counts() == []

        await save_letters(
            database,
            new_letter("a", 5),
            new_letter("a", 6, status="waiting"),
            new_letter("b", 7),
            new_letter("b", 8, action="mail", status="dead"),
        )

        assert await database.letter_counts() == [
            LetterCount("mail", "dead", 1),
            LetterCount("notify", "retrying", 2),
            LetterCount("notify", "waiting", 1),
        ]

    async def test_the_last_request_for_a_letter_counts(self, database: Database) -> None:
        (letter,) = await save_letters(database, new_letter())

        await database.request_letter(letter.id, "retry")
        await database.request_letter(letter.id, "skip")

        assert [letter.request for letter in await database.requested_letters("notify")] == ["skip"]

    async def test_another_failure_clears_the_request_that_it_answers(self, database: Database) -> None:
        (letter,) = await save_letters(database, new_letter())
        await database.request_letter(letter.id, "retry")

        await database.update_letter(
            letter.id, status="dead", attempts=6, due=7, error="x", failed_at=9, answers="retry"
        )

        assert await database.requested_letters("notify") == []

    @pytest.mark.parametrize("answers", [None, "skip"])
    async def test_a_request_that_was_made_meanwhile_stays(
        self, database: Database, answers: Request | None
    ) -> None:
        (letter,) = await save_letters(database, new_letter())
        await database.request_letter(letter.id, "retry")

        await database.update_letter(
            letter.id, status="dead", attempts=6, due=7, error="x", failed_at=9, answers=answers
        )

        assert [letter.request for letter in await database.requested_letters("notify")] == ["retry"]

    async def test_a_request_for_no_letter_is_false(self, database: Database) -> None:
        assert await database.request_letter(12, "retry") is False

    async def test_what_sets_an_action_off_is_kept_whole(self, database: Database) -> None:
        assert await database.triggers("notify") == {}

        await database.set_triggers("notify", {"Opened": 0, "Closed": 7})
        await database.set_triggers("other", {"Opened": 3})
        await database.set_triggers("notify", {"Closed": 8, "Moved": 2**40})

        assert await database.triggers("notify") == {"Closed": 8, "Moved": 2**40}
        assert await database.triggers("other") == {"Opened": 3}

    async def test_what_sets_an_action_off_may_move_its_checkpoint(self, database: Database) -> None:
        await database.checkpoint("notify", at_first=9)
        await database.checkpoint("other", at_first=9)

        await database.set_triggers("notify", {"Opened": 0})
        assert await database.checkpoint("notify", at_first=1) == 9
        await database.set_triggers("notify", {"Opened": 0}, checkpoint=4)

        assert await database.checkpoint("notify", at_first=1) == 4
        assert await database.checkpoint("other", at_first=1) == 9

    async def test_a_clock_action_is_due_first_when_it_is_told(self, database: Database) -> None:
        assert await database.tick("report", at_first=500) == 500
        assert await database.tick("report", at_first=900) == 500
        assert await database.tick("other", at_first=900) == 900

    async def test_a_clock_action_is_due_next_when_it_was_set(self, database: Database) -> None:
        await database.tick("report", at_first=500)

        await database.set_tick("report", 700)
        await database.set_tick("fresh", 800)

        assert await database.tick("report", at_first=1) == 700
        assert await database.tick("fresh", at_first=1) == 800

    async def test_an_edited_letter_is_retried_with_what_it_has_now(self, database: Database) -> None:
        [letter] = await save_letters(database, new_letter(body=b"before", status="dead"))

        is_edited = await database.edit_letter(letter.id, b"after", before=b"before")
        found = await database.letter(letter.id)

        assert is_edited
        assert found == msgspec.structs.replace(letter, body=b"after", request="retry")
        assert await database.requested_letters("notify") == [found]

    async def test_a_letter_that_has_changed_meanwhile_is_not_edited(self, database: Database) -> None:
        [letter] = await save_letters(database, new_letter(body=b"before"))

        assert not await database.edit_letter(letter.id, b"after", before=b"something else")
        assert not await database.edit_letter(letter.id + 1, b"after", before=b"before")
        assert await database.letter(letter.id) == letter
