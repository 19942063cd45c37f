"""The suite for listings: every stream once, in order, page by page."""

import pytest

from actum.conformance.journal.bank import OPENING, SECOND, deposit, following
from actum.ports.journal import Journal, StreamInfo, StreamListing, StreamPage


async def open_accounts(journal: Journal, times: list[int], *, kind: str = "Account") -> None:
    """Opens a0, a1, … at these seconds after the bank's own opening."""
    await journal.append(
        [deposit(f"a{n}", 0, 1, time=OPENING + time * SECOND, kind=kind) for n, time in enumerate(times)]
    )


def ids(page: StreamPage) -> list[str]:
    """Gives the ids on a page."""
    return [info.id for info in page.items]


async def pages(
    journal: Journal,
    limit: int,
    *,
    kind: str = "Account",
    first_after: int | None = None,
    first_before: int | None = None,
    reverse: bool = False,
) -> list[list[str]]:
    """Gives the ids of every page, one after the other."""
    page = await journal.streams(
        StreamListing(kind, limit=limit, first_after=first_after, first_before=first_before, reverse=reverse)
    )
    found = [ids(page)]
    while page.next is not None:
        page = await journal.streams(following(page))
        found.append(ids(page))
        assert len(found) < 100
    return found


class Listing:
    """Streams are listed by the time of their first event, ties by its position; none skipped, none twice."""

    async def test_a_kind_without_streams_has_an_empty_listing(self, journal: Journal) -> None:
        """Nothing to list is a page without items, the last one."""
        await open_accounts(journal, [1])

        assert await journal.streams(StreamListing("Loan")) == StreamPage([], None)

    async def test_a_listing_tells_version_and_times(self, journal: Journal) -> None:
        """Each stream is shown with its length and the times of its first and last events."""
        await journal.append([deposit("a", 0, 1, 2, time=OPENING)])
        await journal.append([deposit("b", 0, 3, time=OPENING + 1)])
        await journal.append([deposit("a", 2, 4, time=OPENING + 7 * SECOND)])

        page = await journal.streams(StreamListing("Account"))

        assert page.items == [
            StreamInfo("a", 3, OPENING, OPENING + 7 * SECOND),
            StreamInfo("b", 1, OPENING + 1, OPENING + 1),
        ]

    async def test_the_order_is_that_of_first_events(self, journal: Journal) -> None:
        """Neither ids, nor later events, nor the order of writing decide."""
        await open_accounts(journal, [30, 10, 20])
        await journal.append([deposit("a1", 1, 2, time=OPENING + 99 * SECOND)])

        assert ids(await journal.streams(StreamListing("Account"))) == ["a1", "a2", "a0"]

    async def test_of_equal_first_times_the_earlier_position_comes_first(self, journal: Journal) -> None:
        """Streams that began at the same time are listed in the order in which they were written."""
        await journal.append([deposit(id, 0, 1) for id in ("m", "z", "a")])

        assert ids(await journal.streams(StreamListing("Account"))) == ["m", "z", "a"]

    async def test_reversed_the_newest_stream_comes_first(self, journal: Journal) -> None:
        """The reverse order is exactly reversed, ties included."""
        await open_accounts(journal, [30, 10, 20, 10])

        assert ids(await journal.streams(StreamListing("Account", reverse=True))) == ["a0", "a2", "a3", "a1"]

    @pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8, 1_000])
    @pytest.mark.parametrize("reverse", [False, True], ids=["forwards", "backwards"])
    async def test_streams_with_equal_first_times_are_not_skipped(
        self, journal: Journal, *, limit: int, reverse: bool
    ) -> None:
        """Whatever the size of a page, each of many streams that began at the same time is listed once."""
        await open_accounts(journal, [5] * 7)

        found = [id for page in await pages(journal, limit, reverse=reverse) for id in page]

        expected = [f"a{n}" for n in range(7)]
        assert found == (expected[::-1] if reverse else expected)

    async def test_every_page_keeps_the_limit(self, journal: Journal) -> None:
        """The third page is as long as the first, and the last holds what is left."""
        await open_accounts(journal, list(range(11)))

        found = await pages(journal, 3)

        assert found == [["a0", "a1", "a2"], ["a3", "a4", "a5"], ["a6", "a7", "a8"], ["a9", "a10"]]

    async def test_a_full_last_page_says_that_it_is_the_last(self, journal: Journal) -> None:
        """There is no empty page at the end."""
        await open_accounts(journal, list(range(6)))

        assert await pages(journal, 3) == [["a0", "a1", "a2"], ["a3", "a4", "a5"]]

    @pytest.mark.parametrize("limit", [1, 2, 5, 9])
    async def test_a_page_holds_no_more_than_its_limit(self, journal: Journal, limit: int) -> None:
        """The limit is honoured."""
        await open_accounts(journal, list(range(10)))

        page = await journal.streams(StreamListing("Account", limit=limit))

        assert ids(page) == [f"a{n}" for n in range(limit)]
        assert page.next is not None

    async def test_a_page_holds_a_hundred_unless_told(self, journal: Journal) -> None:
        """A listing is limited by default."""
        await open_accounts(journal, list(range(230)))

        page = await journal.streams(StreamListing("Account"))
        second = await journal.streams(following(page))

        assert (len(page.items), len(second.items)) == (100, 100)
        assert second.items[0].id == "a100"

    @pytest.mark.parametrize(
        ("after", "before", "expected"),
        [
            (None, None, ["a0", "a1", "a2", "a3", "a4"]),
            (20, None, ["a3", "a4"]),
            (19, None, ["a2", "a3", "a4"]),
            (None, 20, ["a0", "a1"]),
            (None, 21, ["a0", "a1", "a2"]),
            (10, 40, ["a2", "a3"]),
            (0, 10, []),
            (40, None, []),
            (30, 20, []),
        ],
    )
    @pytest.mark.parametrize("reverse", [False, True], ids=["forwards", "backwards"])
    async def test_bounds_of_the_first_time_are_exclusive(
        self, journal: Journal, *, after: int | None, before: int | None, expected: list[str], reverse: bool
    ) -> None:
        """Streams that began exactly at a bound are left out, forwards and backwards, on every page."""
        await open_accounts(journal, [0, 10, 20, 30, 40])
        first_after = None if after is None else OPENING + after * SECOND
        first_before = None if before is None else OPENING + before * SECOND

        found = await pages(journal, 2, first_after=first_after, first_before=first_before, reverse=reverse)

        assert [id for page in found for id in page] == (expected[::-1] if reverse else expected)

    async def test_a_page_is_followed_by_one_of_the_same_listing(self, journal: Journal) -> None:
        """The next page has the limit, the bounds and the order of the one before."""
        await open_accounts(journal, [0, 10, 20, 30, 40, 50])
        first = await journal.streams(
            StreamListing("Account", limit=2, first_before=OPENING + 50 * SECOND, reverse=True)
        )

        second = await journal.streams(following(first))

        assert ids(first) == ["a4", "a3"]
        assert ids(second) == ["a2", "a1"]
        assert second.next is not None

    async def test_kinds_have_their_own_listings(self, journal: Journal) -> None:
        """Streams of another kind are not listed, though they have the same ids and times."""
        await open_accounts(journal, [0, 10, 20])
        await open_accounts(journal, [5, 15], kind="Loan")

        assert await pages(journal, 2, kind="Loan") == [["a0", "a1"]]
        assert await pages(journal, 2) == [["a0", "a1"], ["a2"]]

    async def test_a_stream_that_is_new_while_paging_disturbs_nobody(self, journal: Journal) -> None:
        """Existing streams are listed once; the new one is listed if its place is on a later page."""
        await open_accounts(journal, [0, 10, 20, 30])
        first = await journal.streams(StreamListing("Account", limit=2))
        await journal.append([deposit("early", 0, 1, time=OPENING - SECOND)])
        await journal.append([deposit("late", 0, 1, time=OPENING + 25 * SECOND)])

        second = await journal.streams(following(first))
        third = await journal.streams(following(second))

        assert [ids(first), ids(second), ids(third)] == [["a0", "a1"], ["a2", "late"], ["a3"]]

    async def test_a_stream_that_grows_while_paging_keeps_its_place(self, journal: Journal) -> None:
        """Later events do not move a stream to another page."""
        await open_accounts(journal, [0, 10, 20])
        first = await journal.streams(StreamListing("Account", limit=1))
        await journal.append([deposit(f"a{n}", 1, 2, time=OPENING + 99 * SECOND) for n in range(3)])

        second = await journal.streams(following(first))

        assert second.items == [StreamInfo("a1", 2, OPENING + 10 * SECOND, OPENING + 99 * SECOND)]

    async def test_a_page_follows_a_stream_that_is_gone(self, journal: Journal) -> None:
        """Erasing the last stream of a page does not lose the place."""
        await open_accounts(journal, [0, 10, 10, 10, 20])
        first = await journal.streams(StreamListing("Account", limit=2))
        await journal.erase("Account", "a1", time=0)

        second = await journal.streams(following(first))

        assert ids(second) == ["a2", "a3"]

    async def test_streams_are_found_by_how_their_ids_begin(self, journal: Journal) -> None:
        """A page has the ids that begin with a text, in their order, and none of another kind."""
        for id in ("ab", "a", "b", "a💥", "aé"):
            await journal.append([deposit(id, 0, 1)])
        await journal.append([deposit("aa", 0, 1, kind="Loan")])

        found = await journal.streams_by_id("Account", "a", limit=3)
        if found is None:
            return  # This store has no quick way to find them.
        rest = await journal.streams_by_id("Account", "a", after=found[-1].id)
        every = await journal.streams_by_id("Account", "")

        assert [info.id for info in found] == ["a", "ab", "aé"]
        assert [info.id for info in rest or ()] == ["a💥"]
        assert [info.id for info in every or ()] == ["a", "ab", "aé", "a💥", "b"]
        assert (found[0].version, found[0].first_time) == (1, found[0].last_time)

    async def test_a_stream_that_was_erased_is_not_found_by_its_id(self, journal: Journal) -> None:
        """What was erased has no id that anything could begin with."""
        await journal.append([deposit("a", 0, 1)])
        await journal.append([deposit("ab", 0, 1)])
        await journal.erase("Account", "a", time=OPENING)

        found = await journal.streams_by_id("Account", "a")

        assert found is None or [info.id for info in found] == ["ab"]
