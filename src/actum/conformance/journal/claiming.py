"""The suite for claims: one entity of a kind holds a value at a time, together with its events."""

from itertools import pairwise

import pytest

from actum.conformance.journal.bank import amounts, claim, deposit, erase, have_landed, holders, release
from actum.errors import Unavailable
from actum.ports.journal import Collided, EventRange, Held, Journal, Landed


class Claiming:
    """A claim lands with its events, and holds until it is released or its entity is erased."""

    async def test_a_claim_lands_with_its_events(self, journal: Journal) -> None:
        """The entity holds what it claimed, and nobody holds anything else."""
        outcomes = await journal.append([deposit("a", 0, 1, claims=[claim("x"), claim("y")])])

        assert have_landed(outcomes) == [True]
        assert await holders(journal, "x", "y", "z") == ["a", "a", None]

    async def test_what_another_entity_holds_cannot_be_claimed(self, journal: Journal) -> None:
        """Nothing of such a write is stored: no event, no reply, and none of its other claims."""
        await journal.append([deposit("a", 0, 1, claims=[claim("x")])])

        outcomes = await journal.append([deposit("b", 0, 2, claims=[claim("y"), claim("x")], key="k-1")])

        assert outcomes == [Held("email", "a")]
        assert await journal.read(EventRange("Account", "b")) == []
        assert await journal.replies([("Account", "b", "k-1")]) == [None]
        assert await holders(journal, "x", "y") == ["a", None]

    async def test_one_of_many_in_an_append_gets_the_value(self, journal: Journal) -> None:
        """The first lands, the others are told who holds it, and writes without claims land."""
        rivals = [deposit(f"a{n}", 0, n, claims=[claim("x")]) for n in range(64)]

        outcomes = await journal.append([*rivals, deposit("b", 0, 99)])

        winners = [n for n, outcome in enumerate(outcomes[:-1]) if isinstance(outcome, Landed)]
        assert len(winners) == 1
        assert await holders(journal, "x") == [f"a{winners[0]}"]
        assert outcomes[:-1].count(Held("email", f"a{winners[0]}")) == 63
        assert isinstance(outcomes[-1], Landed)
        assert sorted(amounts(await journal.feed(0, 100))) == sorted([winners[0], 99])

    async def test_what_one_holds_may_be_claimed_again(self, journal: Journal) -> None:
        """It changes nothing, in the same write, in the same append, or later."""
        await journal.append(
            [deposit("a", 0, 1, claims=[claim("x"), claim("x")]), deposit("a", 1, 2, claims=[claim("x")])]
        )
        outcomes = await journal.append([deposit("a", 2, 3, claims=[claim("x")])])

        assert have_landed(outcomes) == [True]
        assert await holders(journal, "x") == ["a"]

    async def test_a_released_value_may_be_claimed_by_another(self, journal: Journal) -> None:
        """A value is free once its holder has released it."""
        await journal.append([deposit("a", 0, 1, claims=[claim("x")])])
        await journal.append([deposit("a", 1, 2, claims=[release("x")])])
        freed = await holders(journal, "x")

        outcomes = await journal.append([deposit("b", 0, 3, claims=[claim("x")])])

        assert freed == [None]
        assert have_landed(outcomes) == [True]
        assert await holders(journal, "x") == ["b"]

    async def test_the_claim_of_another_cannot_be_released(self, journal: Journal) -> None:
        """Releasing what one does not hold changes nothing, and is no error."""
        await journal.append([deposit("a", 0, 1, claims=[claim("x")])])

        outcomes = await journal.append([deposit("b", 0, 2, claims=[release("x"), release("y")])])

        assert have_landed(outcomes) == [True]
        assert await holders(journal, "x", "y") == ["a", None]

    async def test_a_release_and_a_later_claim_land_in_one_append(self, journal: Journal) -> None:
        """A value goes from hand to hand in the order of the writes."""
        await journal.append([deposit("a", 0, 1, claims=[claim("x")])])

        outcomes = await journal.append(
            [
                deposit("a", 1, 2, claims=[release("x")]),
                deposit("b", 0, 3, claims=[claim("x")]),
                deposit("b", 1, 4, claims=[release("x")]),
                deposit("c", 0, 5, claims=[claim("x")]),
            ]
        )

        assert have_landed(outcomes) == [True] * 4
        assert await holders(journal, "x") == ["c"]

    async def test_a_claim_before_the_release_is_refused(self, journal: Journal) -> None:
        """A write does not profit from a later one."""
        await journal.append([deposit("a", 0, 1, claims=[claim("x")])])

        outcomes = await journal.append(
            [deposit("b", 0, 3, claims=[claim("x")]), deposit("a", 1, 2, claims=[release("x")])]
        )

        assert outcomes[0] == Held("email", "a")
        assert have_landed(outcomes) == [False, True]
        assert await holders(journal, "x") == [None]

    @pytest.mark.parametrize("holder", ["a", None])
    async def test_the_order_within_a_write_counts(self, journal: Journal, holder: str | None) -> None:
        """What is claimed and released in turn is held, or not, according to the last of them."""
        changes = [release("x"), claim("x"), release("x"), claim("x"), release("x")]
        await journal.append([deposit("a", 0, 1, claims=[claim("x")])])

        await journal.append([deposit("a", 1, 2, claims=changes[: 4 if holder else 5])])

        assert await holders(journal, "x") == [holder]

    async def test_kinds_and_names_have_values_of_their_own(self, journal: Journal) -> None:
        """The same value may be claimed under another name, and by another kind of entity."""
        outcomes = await journal.append(
            [
                deposit("a", 0, 1, claims=[claim("x")]),
                deposit("b", 0, 2, claims=[claim("x", name="phone")]),
                deposit("b", 0, 3, kind="Loan", claims=[claim("x", kind="Loan")]),
            ]
        )

        assert have_landed(outcomes) == [True, True, True]
        assert await holders(journal, "x", kind="Loan") == ["b"]
        assert await holders(journal, "x", name="phone") == ["b"]

    async def test_a_collision_claims_nothing(self, journal: Journal) -> None:
        """A write whose stream has changed collides, whoever holds what it claims, and frees nothing."""
        await journal.append([deposit("a", 0, 1, claims=[claim("x")]), deposit("b", 0, 2)])

        outcomes = await journal.append(
            [
                deposit("b", 0, 3, claims=[claim("x")]),
                deposit("a", 0, 4, claims=[release("x"), claim("y")]),
                deposit("c", 0, 5, claims=[claim("y")]),
            ]
        )

        assert outcomes[:2] == [Collided(1), Collided(1)]
        assert have_landed(outcomes) == [False, False, True]
        assert await holders(journal, "x", "y") == ["a", "c"]

    async def test_what_was_decided_on_a_held_write_collides(self, journal: Journal) -> None:
        """Later writes of the stream were decided on events that did not land."""
        await journal.append([deposit("a", 0, 1, claims=[claim("x")])])

        outcomes = await journal.append([deposit("b", 0, 2, claims=[claim("x")]), deposit("b", 1, 3)])

        assert outcomes == [Held("email", "a"), Collided(0)]

    async def test_a_held_claim_fails_its_group(self, journal: Journal) -> None:
        """The others collide, and nothing of the group is stored, whichever of its claims was free."""
        await journal.append([deposit("a", 0, 1, claims=[claim("x")])])

        outcomes = await journal.append(
            [
                deposit("b", 0, 2, claims=[claim("y")], group=1),
                deposit("c", 0, 3, claims=[claim("x")], group=1),
                deposit("d", 0, 4, claims=[claim("y")]),
            ]
        )

        assert outcomes[:2] == [Collided(0), Held("email", "a")]
        assert have_landed(outcomes) == [False, False, True]
        assert await holders(journal, "x", "y") == ["a", "d"]

    async def test_a_value_moves_within_a_group(self, journal: Journal) -> None:
        """A unit may release a value of one entity and claim it for another."""
        await journal.append([deposit("a", 0, 1, claims=[claim("x")])])

        outcomes = await journal.append(
            [
                deposit("a", 1, 2, claims=[release("x")], group=1),
                deposit("b", 0, 3, claims=[claim("x")], group=1),
            ]
        )

        assert have_landed(outcomes) == [True, True]
        assert await holders(journal, "x") == ["b"]

    async def test_a_failed_group_neither_claims_nor_releases(self, journal: Journal) -> None:
        """What it would have released is still held for others, and what it would have claimed is free."""
        await journal.append([deposit("a", 0, 1, claims=[claim("x")])])

        outcomes = await journal.append(
            [
                deposit("a", 1, 2, claims=[release("x")], group=1),
                deposit("b", 0, 3, claims=[claim("y")], group=1),
                deposit("c", 0, 4, claims=[claim("x")]),
                deposit("d", 0, 5, claims=[claim("y")]),
                deposit("e", 7, 6, group=1),
            ]
        )

        assert outcomes[2] == Held("email", "a")
        assert have_landed(outcomes) == [False, False, False, True, False]
        assert await holders(journal, "x", "y") == ["a", "d"]

    async def test_groups_that_want_the_same_are_decided_one_after_the_other(self, journal: Journal) -> None:
        """The first lands; the second may collide, and is told who holds the value when it is sent again."""
        first = [deposit("a", 0, 1, claims=[claim("x")], group=1), deposit("b", 0, 2, group=1)]
        second = [deposit("c", 0, 3, claims=[claim("x")], group=2), deposit("d", 0, 4, group=2)]

        outcomes = await journal.append([*first, *second])
        again = await journal.append(second)

        assert have_landed(outcomes) == [True, True, False, False]
        assert again == [Held("email", "a"), Collided(0)]
        assert sorted(amounts(await journal.feed(0, 10))) == [1, 2]

    async def test_of_groups_that_want_what_the_other_has_one_lands(self, journal: Journal) -> None:
        """What a group claimed that has failed already is free for the writes behind it."""
        outcomes = await journal.append(
            [
                deposit("a", 0, 1, claims=[claim("x")], group=1),
                deposit("c", 0, 2, claims=[claim("y")], group=2),
                deposit("b", 0, 3, claims=[claim("y")], group=1),
                deposit("d", 0, 4, claims=[claim("x")], group=2),
            ]
        )

        assert have_landed(outcomes) == [False, True, False, True]
        assert await holders(journal, "x", "y") == ["d", "c"]

    async def test_an_erasure_releases_what_its_entity_holds(self, journal: Journal) -> None:
        """Claims of other entities stay, those of another kind with the same id too."""
        await journal.append(
            [
                deposit("a", 0, 1, claims=[claim("x"), claim("y")]),
                deposit("b", 0, 2, claims=[claim("z")]),
                deposit("a", 0, 3, kind="Loan", claims=[claim("x", kind="Loan")]),
            ]
        )

        await erase(journal, "a")
        outcomes = await journal.append([deposit("c", 0, 4, claims=[claim("x")])])

        assert have_landed(outcomes) == [True]
        assert await holders(journal, "x", "y", "z") == ["c", None, "b"]
        assert await holders(journal, "x", kind="Loan") == ["a"]

    async def test_pruning_keeps_claims(self, journal: Journal) -> None:
        """An entity holds what it claimed, also when the events of that time are gone."""
        await journal.append([deposit("a", 0, 1, claims=[claim("x")]), deposit("a", 1, 2)])

        await journal.prune("Account", "a", 1)

        assert await journal.append([deposit("b", 0, 3, claims=[claim("x")])]) == [Held("email", "a")]

    async def test_a_write_with_claims_is_recognised(self, journal: Journal) -> None:
        """What landed of an interrupted append is found, and what another holds is not."""
        await journal.append([deposit("a", 0, 1, claims=[claim("x")])])
        writes = [deposit("b", 0, 2, claims=[claim("y")]), deposit("c", 0, 3, claims=[claim("x")])]
        outcomes = await journal.append(writes)

        found = await journal.landed(writes)

        assert found == [outcomes[0], Collided(0)]

    async def test_many_claims_of_many_entities_land_at_once(self, journal: Journal) -> None:
        """Each entity gets its own, and hands it on to the next in one append."""
        ids = [f"a{n}" for n in range(30)]
        await journal.append([deposit(id, 0, 1, claims=[claim(id)]) for id in ids])

        moved = [deposit(id, 1, 2, claims=[release(id)]) for id in ids]
        moved += [deposit(after, 2, 3, claims=[claim(before)]) for before, after in pairwise(ids)]
        outcomes = await journal.append(moved)

        assert have_landed(outcomes) == [True] * 59
        assert await holders(journal, *ids) == [*ids[1:], None]

    async def test_lost_claims_are_restored_and_those_of_others_stay(self, journal: Journal) -> None:
        """Only what nobody holds is stored, and an erasure finds it."""
        await journal.append([deposit("a", 0, 1, claims=[claim("x")]), deposit("b", 0, 2)])
        lost = [(("Account", "email", claim(value).digest), "b") for value in ("x", "y", "z")]

        restored = await journal.restore_claims(lost)

        assert restored == 2
        assert await journal.restore_claims([]) == 0
        assert await holders(journal, "x", "y", "z") == ["a", "b", "b"]
        await erase(journal, "b")
        assert await holders(journal, "x", "y", "z") == ["a", None, None]

    async def test_a_closed_journal_tells_and_restores_no_claims(self, journal: Journal) -> None:
        """It raises Unavailable, as for everything else."""
        await journal.close()

        with pytest.raises(Unavailable):
            await journal.holders([("Account", "email", b"x")])
        with pytest.raises(Unavailable):
            await journal.restore_claims([(("Account", "email", b"x"), "a")])
