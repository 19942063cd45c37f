"""reduced(…): a view alone has the rows and the answers that it would have in an application."""

from datetime import UTC, datetime

import pytest
from msgspec import field

from actum import Deleted, Event, Recorded, Sealed, View, query, reducer
from actum.errors import DefinitionError, Invalid
from actum.model.event import Metadata
from actum.testing import reduced, testing
from examples.bank.bank import Account, Activity, Balances, Deposited, Opened, Wealth, Withdrawn
from examples.bank.bank import app as bank

HISTORY = [
    ("a", Opened("ann")),
    ("b", Opened("bob")),
    ("a", Deposited(50)),
    ("b", Deposited(7)),
    ("a", Withdrawn(20)),
]


class Tagged(Event):
    tags: list[str]
    at: datetime


class Warned(Tagged):
    level: int = 1


class Tags(View, key="tag"):
    """One row for each tag, which fails on demand."""

    tag: str
    seen: list[str] = field(default_factory=list)
    last: datetime | None = None
    place: str = ""

    @reducer(key=lambda event: event.tags)
    def tagged(self, event: Tagged, recorded: Recorded[Tagged]) -> None:
        if self.tag == "bad":
            raise ValueError("a bad tag")
        if self.tag == "wide":
            self.seen.append("x" * 3)
            event.tags.append("changed")
        if self.tag == "gone":
            self.delete()
        self.seen.append(recorded.id)
        self.last = event.at
        self.place = f"{recorded.kind}/{recorded.id}@{recorded.version}:{recorded.position}"


class Secrets(View, person="id"):
    id: str
    name: Sealed[str] = ""

    @reducer
    def opened(self, event: Opened) -> None:
        self.name = event.owner

    @query("SELECT count(*) FROM secrets")
    def how_many(self) -> int: ...


class Openings(View):
    id: str

    @reducer
    def opened(self, event: Opened) -> None: ...

    @query("SELECT count(*) FROM openings JOIN balances USING (id)")
    def of_balances(self) -> int: ...

    @query("SELECT count(*) FROM openings")
    def how_many(self) -> int: ...


NOON = datetime(2030, 5, 1, 12, tzinfo=UTC)


def test_the_rows_are_the_fold_of_the_events() -> None:
    balances = reduced(Balances, HISTORY)

    assert balances.rows == [Balances("a", "ann", 30), Balances("b", "bob", 7)]
    assert balances.row("b") == Balances("b", "bob", 7)
    assert balances.row("c") is None


def test_queries_are_answered_from_the_rows_and_from_views_beside_it() -> None:
    balances = reduced(Balances, HISTORY, beside=[Activity])

    assert balances.query(Balances.wealthy, 10) == [Wealth("ann", 30, 1)]
    assert balances.query(Balances.wealthy, least=0) == [Wealth("ann", 30, 1), Wealth("bob", 7, 0)]


def test_a_query_needs_the_views_that_it_reads_and_no_others() -> None:
    assert reduced(Openings, HISTORY).query(Openings.how_many) == 2
    assert reduced(Openings, HISTORY, beside=[Balances]).query(Openings.of_balances) == 2


async def test_the_rows_and_answers_are_those_of_an_application() -> None:
    """The same events, folded alone and by a running application, give the same, within an event loop too."""
    async with testing(bank) as t:
        await t.store(Account, "a", *(event for id, event in HISTORY if id == "a"))
        await t.store(Account, "b", *(event for id, event in HISTORY if id == "b"))
        history = [recorded for id in ("a", "b") for recorded in await t.ctx.history(Account, id)]
        alone = reduced(Balances, history, beside=[Activity])

        assert alone.rows == [await t.ctx.view(Balances).get(id) for id in ("a", "b")]
        assert alone.query(Balances.wealthy, 0) == await t.ctx.view(Balances).wealthy(0)


def test_a_reducer_sees_where_and_when_an_event_happened() -> None:
    """The place counts events, and the versions of each entity; a Recorded keeps its own."""
    told = reduced(
        Tags,
        [("a", Tagged(["x"], NOON)), ("b", Tagged([], NOON)), ("a", Warned(["x", "y"], NOON))],
        of=Account,
    )
    [one] = [Recorded(Tagged(["z"], NOON), 70, "Bell", "c", 9, NOON, Metadata(by="ann"), "Tagged")]

    assert [(row.tag, row.seen, row.place) for row in told.rows] == [
        ("x", ["a", "a"], "Account/a@2:3"),
        ("y", ["a"], "Account/a@2:3"),
    ]
    assert [row.place for row in reduced(Tags, [one, ("c", Tagged(["v"], NOON))]).rows] == [
        "Bell/c@9:70",
        "/c@1:71",
    ]


def test_rows_go_when_they_are_deleted_or_their_entity_is() -> None:
    assert reduced(Tags, [("a", Tagged(["gone"], NOON))]).rows == []
    assert reduced(Balances, [*HISTORY, ("a", Deleted("Account", "a"))], of=Account).rows == [
        Balances("b", "bob", 7)
    ]


def test_what_no_reducer_takes_is_skipped() -> None:
    assert reduced(Activity, HISTORY).rows == [Activity("a", 1)]


def test_a_row_that_would_be_set_aside_is_a_failure_that_names_the_event() -> None:
    with pytest.raises(AssertionError, match=r"(?s)reduced\(Tags, .*a row would be set aside: .*a bad tag"):
        reduced(Tags, [("a", Tagged(["good", "bad"], NOON))])
    with pytest.raises(AssertionError, match="changed the event"):
        reduced(Tags, [("a", Tagged(["wide", *map(str, range(20))], NOON))])


def test_mistakes_are_explained() -> None:
    balances = reduced(Balances, HISTORY)

    with pytest.raises(TypeError, match=r"beside=\["):
        balances.query(Secrets.how_many)
    with pytest.raises(Invalid, match="least"):
        reduced(Balances, HISTORY, beside=[Activity]).query(Balances.wealthy, "many")  # type: ignore[arg-type]
    with pytest.raises(DefinitionError, match=r"no view activity.* beside=\["):
        balances.query(Balances.wealthy, 0)
    with pytest.raises(DefinitionError, match="Sealed"):
        reduced(Secrets, HISTORY).query(Secrets.how_many)
    with pytest.raises(TypeError, match="no event of an entity"):
        reduced(Balances, [Opened("ann")])  # type: ignore[list-item]
