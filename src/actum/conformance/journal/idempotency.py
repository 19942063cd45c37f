"""The suite for idempotency keys: the same answer for the same key, and nothing happens twice."""

import asyncio

import pytest

from actum.conformance.journal.bank import OPENING, SECOND, amounts, deposit, follow, have_landed
from actum.ports.journal import Collided, EventRange, Journal, Landed, Repeated, StreamListing, Write


def silent(
    id: str, expected: int, key: str, *, time: int = OPENING, reply: bytes = b"null", kind: str = "Account"
) -> Write:
    """Gives the write of a command that was called with a key and emitted nothing."""
    return Write(kind, id, expected, [], b"{}", time, key, "look", reply)


class Idempotency:
    """A key belongs to one call on one stream, and its reply is stored beside the events."""

    async def test_a_repeated_key_gets_the_first_reply(self, journal: Journal) -> None:
        """The second use of a key adds nothing, and gives the first call, its reply and its position."""
        [first] = await journal.append([deposit("a", 0, 1, 2, key="k-1", call="deposit 3", reply=b"3")])

        [second] = await journal.append([deposit("a", 2, 1, 2, key="k-1", call="deposit 3", reply=b"6")])

        assert isinstance(first, Landed)
        assert second == Repeated("deposit 3", b"3", first.position)
        assert amounts(await journal.read(EventRange("Account", "a"))) == [1, 2]

    async def test_a_key_counts_more_than_a_version(self, journal: Journal) -> None:
        """A repeated call is answered, although it expects the version from before the first."""
        await journal.append([deposit("a", 0, 1, key="k-1", reply=b"1")])
        await journal.append([deposit("a", 1, 2)])

        [outcome] = await journal.append([deposit("a", 0, 1, key="k-1", reply=b"1")])

        assert isinstance(outcome, Repeated)
        assert outcome.reply == b"1"

    async def test_a_key_used_by_another_call_names_the_first(self, journal: Journal) -> None:
        """Another command under the same key learns which call the key belongs to."""
        await journal.append([deposit("a", 0, 1, key="k-1", call="deposit 1", reply=b"1")])

        [outcome] = await journal.append([deposit("a", 1, 5, key="k-1", call="withdraw 5", reply=b"-4")])

        assert isinstance(outcome, Repeated)
        assert (outcome.call, outcome.reply) == ("deposit 1", b"1")

    @pytest.mark.parametrize(("kind", "id"), [("Account", "b"), ("Loan", "a")], ids=["id", "kind"])
    async def test_a_key_belongs_to_its_stream(self, journal: Journal, kind: str, id: str) -> None:
        """The same key on another stream is another key."""
        outcomes = await journal.append(
            [deposit("a", 0, 1, key="k-1", reply=b"1"), deposit(id, 0, 2, kind=kind, key="k-1", reply=b"2")]
        )

        replies = await journal.replies([("Account", "a", "k-1"), (kind, id, "k-1")])
        assert have_landed(outcomes) == [True, True]
        assert [reply.reply for reply in replies if reply] == [b"1", b"2"]

    @pytest.mark.parametrize("separator", ["/", ":", "#", "|", "\x1f", " "])
    async def test_id_and_key_are_kept_apart(self, journal: Journal, separator: str) -> None:
        """No pair of id and key is mistaken for another pair with the same characters."""
        one, other = ("a", f"b{separator}c"), (f"a{separator}b", "c")

        outcomes = await journal.append(
            [deposit(one[0], 0, 1, key=one[1]), deposit(other[0], 0, 2, key=other[1])]
        )

        assert have_landed(outcomes) == [True, True]

    @pytest.mark.parametrize(
        "key",
        ["Überweisung 7 🏦", "O'Brien; --", '{"a":1}', " ", "K-1 \n", "x" * 200],
        ids=["unicode", "quotes", "json", "space", "newline", "long"],
    )
    async def test_any_text_can_be_a_key(self, journal: Journal, key: str) -> None:
        """Keys are compared as they are."""
        await journal.append([deposit("a", 0, 1, key=key, reply=b"1")])

        outcomes = await journal.append([deposit("a", 1, 1, key=key, reply=b"2")])

        assert isinstance(outcomes[0], Repeated)
        assert await journal.replies([("Account", "a", key), ("Account", "a", key + "x")]) == [
            outcomes[0],
            None,
        ]

    async def test_a_reply_stays_the_bytes_it_was(self, journal: Journal) -> None:
        """Replies are stored byte by byte, short or long."""
        reply = b'{"b": 1.0, "a": "' + "ü🏦".encode() * 10_000 + b'"}'

        await journal.append([deposit("a", 0, 1, key="k-1", reply=reply)])

        [kept] = await journal.replies([("Account", "a", "k-1")])
        assert kept is not None
        assert kept.reply == reply

    async def test_replies_come_in_the_order_they_are_asked_for(self, journal: Journal) -> None:
        """There is one answer for each key, None if nothing is stored."""
        await journal.append([deposit(f"a{n}", 0, n, key="k", reply=b"%d" % n) for n in range(3)])

        found = await journal.replies(
            [("Account", "a2", "k"), ("Account", "a9", "k"), ("Account", "a0", "k"), ("Account", "a2", "k")]
        )

        assert [reply and reply.reply for reply in found] == [b"2", None, b"0", b"2"]

    async def test_no_keys_no_replies(self, journal: Journal) -> None:
        """Asking for nothing gives nothing."""
        assert await journal.replies([]) == []

    async def test_a_reply_outlives_later_events(self, journal: Journal) -> None:
        """A key is answered after the stream has grown."""
        await journal.append([deposit("a", 0, 1, key="k-1", reply=b"1")])
        for version in range(1, 30):
            await journal.append([deposit("a", version, version, key=f"other-{version}")])

        [outcome] = await journal.append([deposit("a", 30, 1, key="k-1", reply=b"31")])

        assert isinstance(outcome, Repeated)
        assert outcome.reply == b"1"

    async def test_a_collided_write_keeps_no_reply(self, journal: Journal) -> None:
        """The key of a call that collided may be used again, and then lands."""
        await journal.append([deposit("a", 3, 1, key="k-1", reply=b"1")])
        kept = await journal.replies([("Account", "a", "k-1")])

        outcomes = await journal.append([deposit("a", 0, 1, key="k-1", reply=b"1")])

        assert kept == [None]
        assert have_landed(outcomes) == [True]

    async def test_a_key_twice_in_one_append_lands_once(self, journal: Journal) -> None:
        """The second write gets the first one's reply, and the position of its events."""
        outcomes = await journal.append(
            [
                deposit("b", 0, 7),
                deposit("a", 0, 1, key="k-1", call="first", reply=b"1"),
                deposit("a", 1, 2, key="k-1", call="second", reply=b"2"),
            ]
        )

        [_, first, second] = outcomes
        assert isinstance(first, Landed)
        assert second == Repeated("first", b"1", first.position)
        assert amounts(await journal.read(EventRange("Account", "a"))) == [1]

    async def test_what_was_decided_on_a_repeated_call_collides(self, journal: Journal) -> None:
        """A later write of the stream in the same append was decided on events that were not added."""
        await journal.append([deposit("a", 0, 1, key="k-1")])

        outcomes = await journal.append(
            [deposit("a", 1, 2, key="k-1"), deposit("a", 2, 3), deposit("a", 1, 4)]
        )

        assert outcomes[1:] == [Collided(1), Collided(1)]
        assert amounts(await journal.read(EventRange("Account", "a"))) == [1]

    async def test_a_key_is_not_used_up_by_a_collision_before_it(self, journal: Journal) -> None:
        """When the first use of a key collides, the second in that append collides too."""
        outcomes = await journal.append([deposit("a", 4, 1, key="k-1"), deposit("a", 0, 1, key="k-1")])

        assert outcomes == [Collided(0), Collided(0)]
        assert await journal.replies([("Account", "a", "k-1")]) == [None]

    async def test_calls_at_once_with_one_key_have_one_effect(self, journal: Journal) -> None:
        """Of the same call sent many times at once, one lands and the others get its reply."""
        outcomes = await asyncio.gather(
            *(journal.append([deposit("a", 0, 5, key="k-1", reply=b"%d" % n)]) for n in range(8))
        )

        landed = [number for number, [outcome] in enumerate(outcomes) if isinstance(outcome, Landed)]
        repeated = [outcome.reply for [outcome] in outcomes if isinstance(outcome, Repeated)]
        assert len(landed) == 1
        assert repeated == [b"%d" % landed[0]] * 7
        assert amounts(await journal.read(EventRange("Account", "a"))) == [5]

    async def test_a_call_without_events_keeps_its_reply(self, journal: Journal) -> None:
        """A command that emitted nothing is answered again under its key, and adds nothing."""
        await journal.append([deposit("a", 0, 1, 2)])

        [first] = await journal.append([silent("a", 2, "k-1", reply=b'"nothing to do"')])
        [second] = await journal.append([silent("a", 2, "k-1", reply=b'"other"')])

        assert isinstance(first, Landed)
        assert second == Repeated("look", b'"nothing to do"', first.position)
        assert amounts(await journal.read(EventRange("Account", "a"))) == [1, 2]

    async def test_a_call_without_events_lands_at_the_head(self, journal: Journal) -> None:
        """Its position is that of the last event, so that waiting for it includes what the command saw."""
        await journal.append([deposit("a", 0, 1), deposit("b", 0, 2)])
        [last] = await follow(journal, 1, after=(await follow(journal, 1, limit=1))[0].position)

        [outcome] = await journal.append([silent("a", 1, "k-1")])

        assert outcome == Landed(last.position)

    async def test_a_call_without_events_follows_the_events_of_its_append(self, journal: Journal) -> None:
        """After writes of the same append, the head is the position of the last one."""
        outcomes = await journal.append([deposit("a", 0, 1, 2), silent("b", 0, "k-1")])

        assert have_landed(outcomes) == [True, True]
        assert outcomes[0] == outcomes[1]

    async def test_a_call_without_events_is_told_of_nothing_that_did_not_land(self, journal: Journal) -> None:
        """If a write before it in its append collides, its position is still one that readers reach."""
        writes = [deposit("a", 0, 1), deposit("b", 1, 2), silent("a", 1, "k-1")]

        outcomes = await journal.append(writes)

        assert have_landed(outcomes) == [True, False, True]
        assert outcomes[2] == outcomes[0]
        assert await journal.replies([("Account", "a", "k-1")]) == [
            Repeated(writes[2].call, writes[2].reply, outcomes[2].position)  # type: ignore[union-attr]
        ]

    async def test_a_call_without_events_behind_nothing_that_landed_is_told_the_head(
        self, journal: Journal
    ) -> None:
        """If all writes before it in its append collide, its position is that of the last existing event."""
        [first] = await journal.append([deposit("a", 0, 1)])
        writes = [deposit("b", 1, 2, 3), silent("a", 1, "k-1")]

        outcomes = await journal.append(writes)

        assert outcomes == [Collided(0), first]
        assert await journal.replies([("Account", "a", "k-1")]) == [
            Repeated(writes[1].call, writes[1].reply, first.position)  # type: ignore[union-attr]
        ]

    async def test_a_call_without_events_starts_no_stream(self, journal: Journal) -> None:
        """Only the reply is stored."""
        [outcome] = await journal.append([silent("a", 0, "k-1")])

        assert isinstance(outcome, Landed)
        assert (await journal.load([("Account", "a")], {}))[0].events == []
        assert (await journal.streams(StreamListing("Account"))).items == []
        assert await journal.feed(0, 10) == []
        assert have_landed(await journal.append([deposit("a", 0, 1)])) == [True]

    @pytest.mark.parametrize("expected", [0, 1, 3])
    async def test_a_call_without_events_collides_like_any_other(
        self, journal: Journal, expected: int
    ) -> None:
        """It was decided on a state, which has to be the current one."""
        await journal.append([deposit("a", 0, 1, 2)])

        outcomes = await journal.append([silent("a", expected, "k-1")])

        assert outcomes == [Collided(2)]
        assert await journal.replies([("Account", "a", "k-1")]) == [None]

    async def test_old_replies_are_forgotten(self, journal: Journal) -> None:
        """Replies older than a time are removed, those of exactly that time are kept; events stay."""
        await journal.append(
            [
                deposit("a", 0, 1, key="old", time=OPENING - SECOND),
                silent("b", 0, "older", time=OPENING - 2 * SECOND),
                deposit("a", 1, 2, key="just", time=OPENING),
                deposit("a", 2, 3, key="new", time=OPENING + SECOND),
            ]
        )

        forgotten = await journal.forget_replies(OPENING)

        keys = [
            ("Account", "a", "old"),
            ("Account", "b", "older"),
            ("Account", "a", "just"),
            ("Account", "a", "new"),
        ]
        assert forgotten == 2
        assert [reply is not None for reply in await journal.replies(keys)] == [False, False, True, True]
        assert amounts(await journal.read(EventRange("Account", "a"))) == [1, 2, 3]

    async def test_a_forgotten_key_may_be_used_again(self, journal: Journal) -> None:
        """Once its reply is removed, a key can be used again."""
        await journal.append([deposit("a", 0, 1, key="k-1", reply=b"1")])
        await journal.forget_replies(OPENING + SECOND)

        outcomes = await journal.append([deposit("a", 1, 2, key="k-1", reply=b"3")])

        assert have_landed(outcomes) == [True]

    async def test_without_old_replies_none_is_forgotten(self, journal: Journal) -> None:
        """Removing replies gives 0 if there are none."""
        await journal.append([deposit("a", 0, 1), deposit("b", 0, 2, key="k-1")])

        assert await journal.forget_replies(OPENING) == 0
