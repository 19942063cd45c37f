"""The suite for storing: what is read is what was written, byte by byte."""

import pytest

from actum.conformance.journal.bank import OPENING, SECOND, amounts, deposit
from actum.ports.journal import Collided, EventRange, Journal, Landed, StreamListing, Write

ODD_NAMES = {
    "umlauts": "Jürgen Müßig",
    "emoji": "🏦👩‍👩‍👧‍👦",
    "right to left": "שלום مرحبا",
    "ideographs": "口座番号",
    "single quote": "O'Brien",
    "double quote": 'the "big" one',
    "injection": "'; DROP TABLE events; --",
    "backslash": "C:\\temp\\%n",
    "pattern": "100%_*?[a]",
    "newline": "line one\nline two\r\n",
    "tab": "a\tb",
    "space": " ",
    "trailing space": "a ",
    "control": "\x01\x1f\x7f",
    "null word": "null",
    "number": "007",
    "path": "../../etc/passwd",
    "url": "https://example.org/?a=b&c=d#e",
    "braces": "{0} {name} $1 ${HOME} :id @id",
    "long": "x" * 1_000,
    "long emoji": "🏦" * 250,
}


class Keeping:
    """Names, bytes and times are read as they were written."""

    largest_payload = 1_000_000
    """The largest event that the store takes, in bytes."""

    async def test_every_field_of_an_event_comes_back(self, journal: Journal) -> None:
        """What is read is what was written: names, version, bytes and time."""
        write = Write(
            "Account", "a", 0, [("Opened", 3, b'{"owner":"Ada"}')], b'{"by":"teller 7"}', OPENING + 123_456
        )

        [outcome] = await journal.append([write])

        [event] = await journal.read(EventRange("Account", "a"))
        assert isinstance(outcome, Landed)
        assert (event.position, event.kind, event.id, event.version) == (outcome.position, "Account", "a", 1)
        assert (event.type, event.type_version, event.payload) == ("Opened", 3, b'{"owner":"Ada"}')
        assert (event.metadata, event.time) == (b'{"by":"teller 7"}', OPENING + 123_456)

    async def test_events_of_one_write_may_differ_in_type(self, journal: Journal) -> None:
        """Each event keeps its own type and the version of that type."""
        events = [("Opened", 2, b"{}"), ("Deposited", 1, b"{}"), ("Frozen", 5, b"{}")]
        await journal.append([Write("Account", "a", 0, events, b"{}", OPENING)])

        found = await journal.read(EventRange("Account", "a"))

        assert [(event.type, event.type_version) for event in found] == [
            ("Opened", 2),
            ("Deposited", 1),
            ("Frozen", 5),
        ]

    async def test_an_id_names_another_stream_in_another_kind(self, journal: Journal) -> None:
        """Kinds do not share their ids."""
        await journal.append([deposit("a", 0, 1), deposit("a", 0, 2, kind="Loan")])

        assert amounts(await journal.read(EventRange("Account", "a"))) == [1]
        assert amounts(await journal.read(EventRange("Loan", "a"))) == [2]

    @pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES)
    async def test_any_text_can_be_an_id(self, journal: Journal, name: str) -> None:
        """Ids are read as they were written, and each belongs to one stream."""
        await journal.append([deposit(name, 0, 1, 2), deposit(name + "x", 0, 9)])

        events = await journal.read(EventRange("Account", name))

        assert amounts(events) == [1, 2]
        assert {event.id for event in events} == {name}
        assert [info.id for info in (await journal.streams(StreamListing("Account"))).items] == [
            name,
            name + "x",
        ]
        assert await journal.append([deposit(name, 0, 3)]) == [Collided(2)]

    @pytest.mark.parametrize("kind", ["O'Brien's", "Konto für Müßige", "🏦", "a.b/c:d#e|f", "x" * 200])
    async def test_any_text_can_be_a_kind(self, journal: Journal, kind: str) -> None:
        """Kinds are read as they were written."""
        await journal.append([deposit("a", 0, 1, kind=kind)])

        [event] = await journal.read(EventRange(kind, "a"))

        assert event.kind == kind
        assert [info.id for info in (await journal.streams(StreamListing(kind))).items] == ["a"]

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("a", "A"),
            ("a", "a "),
            ("a", " a"),
            ("é", "e\u0301"),
            ("ß", "ss"),
            ("1", "01"),
            ("\u200b", "\ufeff"),
        ],
        ids=["case", "end", "start", "composition", "folding", "number", "invisible"],
    )
    async def test_ids_that_look_alike_are_different(self, journal: Journal, one: str, other: str) -> None:
        """Ids are compared by code points, not by the rules of a language."""
        await journal.append([deposit(one, 0, 1), deposit(other, 0, 2)])

        assert amounts(await journal.read(EventRange("Account", one))) == [1]
        assert amounts(await journal.read(EventRange("Account", other))) == [2]

    @pytest.mark.parametrize("separator", ["/", ":", "#", "|", ".", "-", " ", "\x1f", "\t", "\\"])
    async def test_kind_and_id_are_kept_apart(self, journal: Journal, separator: str) -> None:
        """No pair of kind and id is mistaken for another pair with the same characters."""
        kind, id = f"A{separator}B", "c"
        other_kind, other_id = "A", f"B{separator}c"
        await journal.append([deposit(id, 0, 1, kind=kind), deposit(other_id, 0, 2, kind=other_kind)])

        assert amounts(await journal.read(EventRange(kind, id))) == [1]
        assert amounts(await journal.read(EventRange(other_kind, other_id))) == [2]

    @pytest.mark.parametrize(
        "payload",
        [
            b"{}",
            b"null",
            b'{"amount":null}',
            b'{"b":1,"a":2,"b":3}',
            b' { "amount" : 1.0 } ',
            b'{"n":12345678901234567890.123456789012345678900}',
            b'{"n":1e400}',
            '{"owner":"Jürgen 🏦"}'.encode(),
            b'{"owner":"J\\u00fcrgen"}',
            b'{"text":"\\u0000"}',
            b"[[[[[[[[[[]]]]]]]]]]",
            b'"' + b"\\\\" * 500 + b'"',
        ],
    )
    async def test_payload_and_metadata_stay_the_bytes_they_were(
        self, journal: Journal, payload: bytes
    ) -> None:
        """JSON is stored byte by byte: not reordered, not rounded, and null is not left out."""
        await journal.append([Write("Account", "a", 0, [("Noted", 1, payload)], payload, OPENING)])

        [event] = await journal.read(EventRange("Account", "a"))

        assert event.payload == payload
        assert event.metadata == payload

    async def test_a_large_event_is_kept_whole(self, journal: Journal) -> None:
        """An event may be as large as the store says."""
        payload = b'{"scan":"' + b"0123456789" * (self.largest_payload // 10 - 2) + b'"}'

        [outcome] = await journal.append(
            [Write("Account", "a", 0, [("Scanned", 1, payload)], b"{}", OPENING)]
        )

        [event] = await journal.read(EventRange("Account", "a"))
        assert isinstance(outcome, Landed)
        assert event.payload == payload

    @pytest.mark.parametrize("time", [0, 1, OPENING + 1, 2_147_483_648 * SECOND, 253_402_300_799_999_999])
    async def test_times_are_kept_to_the_microsecond(self, journal: Journal, time: int) -> None:
        """A time from 1970 to the end of the year 9999 is stored exactly."""
        await journal.append([deposit("a", 0, 1, time=time)])

        [event] = await journal.read(EventRange("Account", "a"))

        assert event.time == time

    async def test_a_clock_that_goes_back_does_not_reorder_a_stream(self, journal: Journal) -> None:
        """The order within a stream is that of its versions, whatever the times say."""
        await journal.append([deposit("a", 0, 1, time=OPENING + 60 * SECOND)])
        await journal.append([deposit("a", 1, 2, time=OPENING)])

        events = await journal.read(EventRange("Account", "a"))

        assert amounts(events) == [1, 2]
        assert [event.time for event in events] == [OPENING + 60 * SECOND, OPENING]
