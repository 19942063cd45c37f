"""The suite for reading a stream, and for loading one."""

import msgspec
import pytest

from actum.conformance.journal.bank import OPENING, amounts, deposit, fill, load_all, positions, versions
from actum.ports.asking import ask_for_all
from actum.ports.journal import EventRange, Journal, Loaded, Snapshot, Write


class Reading:
    """A stream is read by its versions, and loaded as a whole."""

    async def test_a_missing_stream_is_empty(self, journal: Journal) -> None:
        """Reading a missing stream gives nothing, and is no error."""
        await journal.append([deposit("a", 0, 1)])

        assert await journal.read(EventRange("Account", "b")) == []
        assert await journal.read(EventRange("Loan", "a")) == []

    @pytest.mark.parametrize(
        ("after", "up_to", "limit", "reverse", "expected"),
        [
            (0, None, None, False, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
            (0, None, None, True, [9, 8, 7, 6, 5, 4, 3, 2, 1]),
            (4, None, None, False, [5, 6, 7, 8, 9]),
            (4, None, None, True, [9, 8, 7, 6, 5]),
            (0, 3, None, False, [1, 2, 3]),
            (0, 3, None, True, [3, 2, 1]),
            (2, 5, None, False, [3, 4, 5]),
            (2, 5, None, True, [5, 4, 3]),
            (0, None, 4, False, [1, 2, 3, 4]),
            (0, None, 4, True, [9, 8, 7, 6]),
            (3, 8, 2, False, [4, 5]),
            (3, 8, 2, True, [8, 7]),
            (3, 8, 99, True, [8, 7, 6, 5, 4]),
            (7, 99, None, False, [8, 9]),
            (9, None, None, False, []),
            (50, None, None, True, []),
            (5, 5, None, False, []),
            (6, 2, None, False, []),
            (0, 0, None, False, []),
            (0, None, 0, False, []),
            (8, 9, 1, True, [9]),
        ],
    )
    async def test_a_part_of_a_stream_is_read(
        self,
        journal: Journal,
        *,
        after: int,
        up_to: int | None,
        limit: int | None,
        reverse: bool,
        expected: list[int],
    ) -> None:
        """`after` is exclusive, `up_to` inclusive, and `limit` counts from the end that comes first."""
        await fill(journal, "a", 9)

        events = await journal.read(
            EventRange("Account", "a", after=after, up_to=up_to, limit=limit, reverse=reverse)
        )

        assert versions(events) == expected
        assert amounts(events) == expected

    @pytest.mark.parametrize("pruned", [0, 1, 32, 40, 64, 100])
    async def test_every_part_of_a_long_stream_is_read(self, journal: Journal, pruned: int) -> None:
        """Wherever a range begins and ends, exactly its versions are read."""
        await fill(journal, "a", 101)
        await journal.prune("Account", "a", pruned)
        edges = (0, 1, 31, 32, 33, 34, 40, 63, 64, 65, 66, 98, 100, 101, 150)

        found = {
            (after, up_to): await journal.read(EventRange("Account", "a", after=after, up_to=up_to, limit=37))
            for after in edges
            for up_to in edges
        }

        for (after, up_to), events in found.items():
            wanted = range(max(after, pruned) + 1, min(up_to, 101) + 1)
            assert amounts(events) == list(wanted)[:37]

    async def test_the_end_of_a_long_stream_is_read_backwards(self, journal: Journal) -> None:
        """The newest events before a version come first, as many as are wanted."""
        await fill(journal, "a", 101)

        for up_to in (1, 31, 32, 33, 34, 64, 65, 66, 97, 101, 200):
            events = await journal.read(EventRange("Account", "a", up_to=up_to, limit=33, reverse=True))

            assert amounts(events) == list(range(min(up_to, 101), 0, -1))[:33]

    async def test_streams_are_not_mixed(self, journal: Journal) -> None:
        """Ids that begin alike are different streams."""
        await journal.append(
            [deposit("a", 0, 1), deposit("ab", 0, 2), deposit("a", 1, 3), deposit("a0", 0, 4)]
        )

        assert amounts(await journal.read(EventRange("Account", "a"))) == [1, 3]
        assert amounts(await journal.read(EventRange("Account", "ab"))) == [2]

    async def test_a_long_stream_is_read_whole(self, journal: Journal) -> None:
        """Without a limit, only its size ends a page."""
        await fill(journal, "a", 2_300)

        events = await journal.read(EventRange("Account", "a"))

        assert amounts(events) == list(range(1, 2_301))
        assert positions(events) == sorted(positions(events))

    async def test_a_missing_stream_loads_as_nothing(self, journal: Journal) -> None:
        """Every entity can be loaded, even if it has no events."""
        assert await journal.load([("Account", "a")], {"Account": "f1"}) == [Loaded(None, 0, [], True)]

    async def test_loading_nothing_gives_nothing(self, journal: Journal) -> None:
        """Without streams, nothing is loaded."""
        assert await journal.load([], {}) == []

    async def test_a_stream_loads_with_its_events(self, journal: Journal) -> None:
        """What is loaded is what is read."""
        await journal.append([deposit("a", 0, 1, 2), deposit("b", 0, 3)])

        [loaded] = await journal.load([("Account", "a")], {})

        events = await journal.read(EventRange("Account", "a"))
        assert loaded == Loaded(None, 0, events, True, loaded.first)

    async def test_streams_load_in_the_order_they_are_asked_for(self, journal: Journal) -> None:
        """There is one answer for each, even if it is missing, of another kind, or asked for twice."""
        await journal.append([deposit("a", 0, 1), deposit("b", 0, 2), deposit("a", 0, 3, kind="Loan")])

        loaded = await journal.load(
            [("Account", "b"), ("Loan", "a"), ("Account", "z"), ("Account", "a"), ("Account", "b")], {}
        )

        assert [amounts(one.events) for one in loaded] == [[2], [3], [], [1], [2]]

    async def test_many_streams_load_at_once(self, journal: Journal) -> None:
        """Hundreds of entities are loaded in one call."""
        await journal.append([deposit(f"a{n}", 0, n, n + 1) for n in range(300)])

        loaded = await load_all(journal, [("Account", f"a{n}") for n in range(300)])

        assert [amounts(one.events) for one in loaded] == [[n, n + 1] for n in range(300)]

    @pytest.mark.parametrize("size", [10, 3_000, 100_000])
    async def test_streams_that_load_together_are_what_each_is(self, journal: Journal, size: int) -> None:
        """Short and long ones, with and without snapshots, with small and large contents, all in one call."""
        lengths = [0, 1, 2, 31, 32, 33, 64, 65, 90, 1]
        kept: dict[str, Snapshot] = {}
        for n, length in enumerate(lengths):
            text = ("ü🏦\0" * size)[: size if n % 3 == 0 else 10]
            payload = msgspec.json.encode({"amount": n, "text": text})
            events = [
                ("Deposited", 1, payload if not version else b'{"amount":7}') for version in range(length)
            ]
            if events:
                metadata = b'{"by":"%d"}' % n
                await journal.append([Write("Account", f"a{n}", 0, events, metadata, OPENING + n)])
            if length > 30 and n % 2:
                state = msgspec.json.encode({"balance": n, "text": text})
                kept[f"a{n}"] = Snapshot(length - 10, OPENING + n, "f1", state)
                await journal.save_snapshot("Account", f"a{n}", kept[f"a{n}"])
        ids = [f"a{n}" for n in (3, 9, 0, 5, 1, 8, 7, 2, 4, 6)]

        loaded = await ask_for_all(
            lambda left: journal.load(left, {"Account": "f1"}), [("Account", id) for id in ids]
        )

        for id, one in zip(ids, loaded, strict=True):
            snapshot = kept.get(id)
            after = snapshot.version if snapshot else 0
            followed = await journal.read(EventRange("Account", id, after))
            assert one == Loaded(snapshot, 0, followed, True, one.first)

    @pytest.mark.parametrize("count", [999, 1_000, 1_001, 2_300])
    async def test_a_long_stream_loads_by_pages(self, journal: Journal, count: int) -> None:
        """The first page begins the history, and says whether more follows."""
        await fill(journal, "a", count)

        [loaded] = await journal.load([("Account", "a")], {})
        rest = await journal.read(EventRange("Account", "a", after=loaded.events[-1].version))

        assert amounts([*loaded.events, *rest]) == list(range(1, count + 1))
        assert loaded.is_complete == (rest == [])

    async def test_a_load_sees_what_an_append_has_landed(self, journal: Journal) -> None:
        """As soon as an append has returned, its events are there."""
        for version in range(20):
            await journal.append([deposit("a", version, version)])

            [loaded] = await journal.load([("Account", "a")], {})

            assert loaded.events[-1].version == version + 1
