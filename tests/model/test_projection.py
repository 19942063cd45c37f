"""The fold of events into rows: which rows an event belongs to, and what becomes of them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from actum.errors import AuthorError, EventChanged, ReducerFailed
from actum.model.event import Event, Recorded, Stored, to_microseconds
from actum.model.handler import reducer
from actum.model.rows.projection import Changes, fold, steps_of
from actum.model.view import View, view_type


class Opened(Event):
    owner: str


class Deposited(Event):
    amount: int


class Closed(Event):
    pass


class Tagged(Event):
    tags: list[str]


class Moved(Event):
    place: str | None
    at: datetime | None = None


class Counted(Event):
    numbers: list[int]


class Balances(View):
    id: str
    owner: str = ""
    balance: int = 0

    @reducer
    def opened(self, event: Opened) -> None:
        self.owner = event.owner

    @reducer
    def deposited(self, event: Deposited) -> None:
        if event.amount == 13:
            raise ZeroDivisionError("unlucky")
        self.balance += event.amount

    @reducer
    def closed(self, event: Closed) -> None:
        self.delete()


class Tags(View, key="tag"):
    tag: str
    used: int = 0
    entities: str = ""

    @reducer(key="tags")
    def tagged(self, event: Tagged, recorded: Recorded[Tagged]) -> None:
        self.used += 1
        self.entities += recorded.id

    @reducer(key=lambda event: event.place and event.place.upper())
    def moved(self, event: Moved) -> None:
        self.used += 100


class Companions(View, key="tag"):
    tag: str
    tags: list[str] = []  # noqa: RUF012 (msgspec copies it for every row)

    @reducer(key="tags")
    def tagged(self, event: Tagged) -> None:
        self.tags = event.tags
        self.tags.remove(self.tag)


class Numbers(View):
    id: int
    seen: int = 0

    @reducer(key="numbers")
    def counted(self, event: Counted) -> None:
        self.seen += 1

    @reducer
    def opened(self, event: Opened) -> None:
        self.seen += 10


class Journeys(View):
    id: str
    last: datetime | None = None
    days: str = ""
    version: int = 0
    position: int = 0
    when: datetime | None = None

    @reducer
    def moved(self, event: Moved, recorded: Recorded) -> None:
        self.days += "" if self.last is None else self.last.strftime("%d")
        self.last = event.at
        self.version, self.position, self.when = recorded.version, recorded.position, recorded.time


class Renaming(View):
    id: str

    @reducer
    def opened(self, event: Opened) -> None:
        self.id = event.owner


class Careless(View):
    id: str
    total: int = 0

    @reducer
    def deposited(self, event: Deposited) -> None:
        self.total = str(event.amount)  # type: ignore[assignment]


class Lost(View):
    id: str

    @reducer(key=lambda event: event.nothing)
    def opened(self, event: Opened) -> None: ...


def stored(*facts: tuple[str, Event]) -> list[Stored]:
    """Gives events as the journal does, the first at position 11."""
    batch = []
    versions: dict[str, int] = {}
    for position, (id, event) in enumerate(facts, 11):
        versions[id] = versions.get(id, 0) + 1
        kind = type(event).__event_type__
        payload = msgspec.json.encode(event)
        time = to_microseconds(datetime(2024, 5, 1, tzinfo=UTC)) + position
        batch.append(
            Stored(position, "Account", id, versions[id], kind.name, kind.version, payload, b"{}", time)
        )
    return batch


def folded(cls: type[View], *facts: tuple[str, Event], rows: Iterable[View] = ()) -> Changes:
    view = view_type(cls)
    steps = steps_of(view, stored(*facts))
    return fold(view, steps, {view.key_in(row): row for row in rows})


def test_rows_of_one_event_do_not_share_what_it_holds() -> None:
    """What a reducer does to the list that it took from an event changes its own row alone."""
    view = view_type(Companions)
    stored = Stored(1, "Doc", "a", 1, "Tagged", 1, b'{"tags": ["x", "y", "z"]}', b"{}", 0)

    changes = fold(view, steps_of(view, [stored]), {})

    assert changes.written == [
        Companions("x", ["y", "z"]),
        Companions("y", ["x", "z"]),
        Companions("z", ["x", "y"]),
    ]


def test_the_row_of_an_event_is_that_of_its_entity() -> None:
    changes = folded(Balances, ("a", Opened("ann")), ("b", Opened("bob")), ("a", Deposited(7)))

    assert changes == Changes([Balances("a", "ann", 7), Balances("b", "bob", 0)], [])


def test_a_row_that_exists_goes_on_from_where_it_was() -> None:
    changes = folded(Balances, ("a", Deposited(7)), rows=[Balances("a", "ann", 20), Balances("b", "bob", 3)])

    assert changes == Changes([Balances("a", "ann", 27)], [])


def test_events_that_no_reducer_takes_touch_no_row() -> None:
    assert steps_of(view_type(Balances), stored(("a", Tagged(["x"])))) == []


def test_an_event_belongs_to_the_row_that_its_field_names() -> None:
    changes = folded(Tags, ("a", Tagged(["red"])), ("b", Tagged(["red"])))

    assert changes.written == [Tags("red", 2, "ab")]


def test_an_event_belongs_to_every_row_of_a_list_of_keys() -> None:
    changes = folded(Tags, ("a", Tagged(["red", "blue"])), ("b", Tagged(["blue"])))

    assert changes.written == [Tags("red", 1, "a"), Tags("blue", 2, "ab")]


def test_a_key_that_is_named_twice_is_one_row_reduced_once() -> None:
    assert folded(Tags, ("a", Tagged(["red", "red"]))).written == [Tags("red", 1, "a")]


def test_an_empty_list_of_keys_is_no_row() -> None:
    assert folded(Tags, ("a", Tagged([]))) == Changes([], [])


def test_a_function_of_the_event_may_give_the_key() -> None:
    assert folded(Tags, ("a", Moved("rome"))).written == [Tags("ROME", 100)]


def test_none_for_a_key_is_no_row() -> None:
    assert folded(Tags, ("a", Moved(None))) == Changes([], [])


def test_keys_are_turned_into_what_the_rows_hold() -> None:
    changes = folded(Numbers, ("5", Opened("ann")), ("x", Counted([5, 6])), rows=[Numbers(5, 1)])

    assert changes.written == [Numbers(5, 12), Numbers(6, 1)]


def test_a_key_that_the_row_cannot_hold_stops_the_view_at_the_event() -> None:
    with pytest.raises(
        ReducerFailed, match=r"Numbers\.opened failed on Opened of Account/x at position 12: 'x' cannot be"
    ):
        folded(Numbers, ("5", Opened("ann")), ("x", Opened("bob")))


def test_a_deleted_row_is_reported_by_its_key() -> None:
    changes = folded(Balances, ("a", Closed()), rows=[Balances("a", "ann", 20)])

    assert changes == Changes([], ["a"])


def test_a_row_that_is_made_and_deleted_in_one_batch_is_reported_deleted() -> None:
    assert folded(Balances, ("a", Opened("ann")), ("a", Closed())) == Changes([], ["a"])


def test_a_row_after_its_deletion_starts_anew() -> None:
    changes = folded(Balances, ("a", Closed()), ("a", Deposited(4)), rows=[Balances("a", "ann", 20)])

    assert changes == Changes([Balances("a", "", 4)], [])


def test_a_row_may_be_deleted_made_and_deleted_again() -> None:
    facts = [("a", Opened("ann")), ("a", Closed()), ("a", Opened("amy")), ("a", Closed())]

    assert folded(Balances, *facts) == Changes([], ["a"])


def test_a_reducer_may_ask_for_the_place_in_history() -> None:
    (row,) = folded(Journeys, ("b", Moved("x")), ("a", Moved("x")), ("a", Moved("y"))).written[1:]

    assert isinstance(row, Journeys)
    assert (row.version, row.position) == (2, 13)
    assert row.when == datetime(2024, 5, 1, tzinfo=UTC) + timedelta(microseconds=13)


def test_reducers_see_times_in_utc_whether_the_row_was_kept_in_memory_or_not() -> None:
    evening = datetime(2024, 1, 1, 23, tzinfo=timezone(timedelta(hours=-5)))
    facts = [("a", Moved("x", evening)), ("a", Moved("y", evening))]
    view = view_type(Journeys)

    (at_once,) = folded(Journeys, *facts).written
    (first,) = folded(Journeys, facts[0]).written
    (in_two,) = folded(Journeys, facts[1], rows=[view.row_from_sql(view.row_to_sql(first))]).written

    assert isinstance(at_once, Journeys)
    assert isinstance(in_two, Journeys)
    assert (at_once.days, in_two.days) == ("02", "02")


def test_a_failing_reducer_says_which_event_it_failed_on() -> None:
    with pytest.raises(ReducerFailed) as failed:
        folded(Balances, ("a", Deposited(7)), ("b", Deposited(13)))

    assert "view balances: Balances.deposited failed on Deposited of Account/b at position 12" in str(
        failed.value
    )
    assert "ZeroDivisionError: unlucky" in str(failed.value)
    assert isinstance(failed.value.__cause__, ZeroDivisionError)
    assert isinstance(failed.value, AuthorError)


def test_a_failing_key_function_says_which_event_it_failed_on() -> None:
    with pytest.raises(ReducerFailed, match=r"Lost\.opened failed on Opened of Account/a at position 11"):
        folded(Lost, ("a", Opened("ann")))


def test_a_payload_that_no_longer_fits_its_class_stops_the_view_at_the_event() -> None:
    (fact,) = stored(("a", Opened("ann")))
    broken = msgspec.structs.replace(fact, payload=b'{"owner": 5}')

    with pytest.raises(ReducerFailed, match="failed on Opened of Account/a at position 11"):
        steps_of(view_type(Balances), [broken])


def test_a_reducer_that_changes_the_key_is_refused() -> None:
    with pytest.raises(ReducerFailed, match=r"changed the key 'id'; use @reducer\(key=…\)"):
        folded(Renaming, ("a", Opened("ann")))


def test_a_value_that_does_not_fit_its_column_stops_the_view_at_the_event() -> None:
    with pytest.raises(
        ReducerFailed, match=r"at position 11: the column 'total' of the view careless cannot hold '5'"
    ):
        folded(Careless, ("a", Deposited(5)))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_batches_of_any_size_give_the_same_rows(size: int) -> None:
    facts: list[tuple[str, Event]] = []
    for number in range(60):
        id = "abcd"[number % 4]
        event: Event = Closed() if number % 17 == 16 else Deposited(number + 20)
        facts += [(id, Opened(f"{id}{number}")), (id, event)]
    view = view_type(Balances)
    history = stored(*facts)
    table: dict[Any, Any] = {}

    for start in range(0, len(history), size):
        steps = steps_of(view, history[start : start + size])
        found = {key: view.row_from_sql(table[key]) for key in {step.key for step in steps} if key in table}
        changes = fold(view, steps, found)
        table |= {getattr(row, "id"): view.row_to_sql(row) for row in changes.written}  # noqa: B009
        for key in changes.deleted:
            table.pop(key, None)

    whole = fold(view, steps_of(view, history), {})
    assert table == {row.id: view.row_to_sql(row) for row in whole.written if isinstance(row, Balances)}


class Greedy(View):
    """Changes the event that it is given."""

    id: str
    others: int = 0

    @reducer(key="tags")
    def tagged(self, event: Tagged) -> None:
        event.tags.remove(self.id)
        self.others = len(event.tags)


class Counting(View):
    id: str
    count: int = 0

    @reducer(key="tags")
    def tagged(self, event: Tagged) -> None:
        self.count += 1


MANY = [f"tag-{number}" for number in range(50)]


def test_many_rows_of_an_event_are_folded_as_few_are() -> None:
    view = view_type(Counting)

    changes = fold(view, steps_of(view, stored(("a", Tagged(MANY)), ("a", Tagged(["tag-3"])))), {})

    assert sorted(row.count for row in changes.written) == [1] * 49 + [2]  # type: ignore[attr-defined]
    assert changes.lent == frozenset()


def test_rows_that_hold_a_list_of_a_shared_event_are_told_and_get_their_own_before_they_change() -> None:
    class Holding(View):
        id: str
        tags: list[str] = msgspec.field(default_factory=list)

        @reducer(key="tags")
        def tagged(self, event: Tagged) -> None:
            if self.tags:
                self.tags.append("again")
            else:
                self.tags = event.tags

    changes = fold(
        view_type(Holding),
        steps_of(view_type(Holding), stored(("a", Tagged(MANY)), ("a", Tagged(["tag-3"])))),
        {},
    )

    rows = {row.id: row.tags for row in changes.written}  # type: ignore[attr-defined]
    assert rows.pop("tag-3") == [*MANY, "again"]
    assert all(tags == MANY for tags in rows.values())
    assert changes.lent == frozenset(rows)


def test_a_reducer_that_changes_an_event_of_many_rows_is_found_out() -> None:
    with pytest.raises(EventChanged):
        fold(view_type(Greedy), steps_of(view_type(Greedy), stored(("a", Tagged(MANY)))), {})


def test_the_rows_of_an_event_read_it_once_however_many_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or n rows of n keys would take n² time."""
    view = view_type(Counting)
    (fact,) = stored(("a", Tagged([str(number) for number in range(1_000)])))
    event_type, reads = view.by_name["Tagged"].event_type, []
    decode = event_type.decode
    monkeypatch.setattr(event_type, "_decode", lambda payload: reads.append(payload) or decode(payload))

    changes = fold(view, steps_of(view, [fact]), {})

    assert (len(changes.written), len(reads)) == (1_000, 1)
