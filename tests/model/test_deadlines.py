"""Deadlines in a turn: what a command schedules and cancels, and what it may not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from actum import DefinitionError, Entity, Event, Invalid, Rejected, command, query, reducer
from actum.errors import AuthorError
from actum.model.deadlines.deadline import (
    IN_METADATA,
    Change,
    Changes,
    Fired,
    Noted,
    decode_noted,
    timer_name,
    with_changes,
    with_fired,
)
from actum.model.deadlines.turn_deadlines import MAX_CHANGES
from actum.model.entity import entity_type
from actum.model.event import Metadata, read_metadata, write_metadata
from actum.model.turn import Instance

NOW = 1_000_000
DAY = 86_400_000_000


class Filled(Event):
    item: str


class Cart(Entity):
    items: list[str] = []  # noqa: RUF012 (msgspec copies it)

    @command
    def fill(self, item: str) -> None:
        self.schedule(Cart.expire, after=timedelta(days=30))
        self.emit(Filled(item))

    @command
    def fill_at(self, item: str, at: datetime, name: str, note: str) -> None:
        self.schedule(Cart.remind, at=at, name=name)(note, times=3)
        self.emit(Filled(item))

    @command
    def order(self) -> None:
        self.emit(Filled("receipt"))
        self.cancel(Cart.expire)
        self.cancel("reminder")

    @command
    def refuse(self) -> None:
        self.schedule(Cart.expire, after=timedelta(days=1))
        raise Rejected("no")

    @command
    def forget_event(self) -> None:
        self.schedule(Cart.expire, after=timedelta(days=1))

    @command
    def forget_arguments(self) -> None:
        self.schedule(Cart.remind, after=timedelta(days=1))
        self.emit(Filled("x"))

    @command
    def act(self, what: str) -> None:
        wrong: Any = {
            "both": lambda: self.schedule(Cart.expire, after=timedelta(1), at=datetime.now(UTC)),
            "neither": lambda: self.schedule(Cart.expire),
            "naive": lambda: self.schedule(Cart.expire, at=datetime(2030, 1, 1)),  # noqa: DTZ001
            "far": lambda: self.schedule(Cart.expire, after=timedelta(days=9_000_000)),
            "another": lambda: self.schedule(Other.act, after=timedelta(1)),
            "a bound method": lambda: self.schedule(self.expire, after=timedelta(1)),  # type: ignore[arg-type]
            "an empty name": lambda: self.schedule(Cart.expire, after=timedelta(1), name=""),
            "a wrong argument": lambda: self.schedule(Cart.remind, after=timedelta(1))(3),  # type: ignore[arg-type, call-arg]
            "too many": lambda: [
                self.schedule(Cart.expire, after=timedelta(1), name=str(number))
                for number in range(MAX_CHANGES + 1)
            ],
            "too large": lambda: self.schedule(Cart.remind, after=timedelta(1))("n" * 20_000, 1),
        }
        wrong[what]()
        self.emit(Filled("x"))

    @command
    def expire(self) -> None:
        self.emit(Filled("gone"))

    @command
    def remind(self, note: str, times: int) -> None:
        self.emit(Filled(f"{note} {times}"))

    @query
    def ask(self) -> None:
        self.schedule(Cart.expire, after=timedelta(days=1))

    @reducer
    def filled(self, event: Filled) -> None:
        self.items.append(event.item)


class Other(Entity, emits=[Filled]):
    @command
    def act(self) -> None:
        self.emit(Filled("x"))


class Cancellable(Entity, emits=[Filled]):
    @command
    def start(self) -> None:
        self.schedule(Cancellable.end, after=timedelta(days=1))
        self.emit(Filled("begun"))

    @command
    def end(self) -> None:
        self.emit(Filled("ended"))

    @command
    def cancel(self) -> None:
        super().cancel(Cancellable.end)
        self.emit(Filled("cancelled"))


def decided(command_name: str, *arguments: Any, cls: type[Entity] = Cart) -> Instance:
    kind = entity_type(cls)
    instance = Instance(kind, "c")
    instance.decide(kind.commands[command_name], arguments, NOW)
    return instance


def changed(
    command_name: str, *arguments: Any, cls: type[Entity] = Cart
) -> list[tuple[str, str, int, int, bytes]]:
    deadlines = decided(command_name, *arguments, cls=cls).deadlines
    assert deadlines is not None
    return [(one.name, one.command, one.due, one.span, bytes(one.arguments)) for one in deadlines.changed]


def test_a_deadline_is_named_after_its_command_and_due_after_a_delay() -> None:
    """The delay is kept too, for a clock that is set back."""
    assert changed("fill", "tea") == [("expire", "expire", NOW + 30 * DAY, 30 * DAY, b"[]")]


def test_a_deadline_has_a_time_a_name_and_arguments_like_a_call() -> None:
    at = datetime(1970, 1, 3, tzinfo=UTC)

    assert changed("fill_at", "tea", at, "reminder", "hello") == [
        ("reminder", "remind", 2 * DAY, 0, b'["hello",3]')
    ]


def test_a_deadline_is_cancelled_by_its_command_or_its_name() -> None:
    assert changed("order") == [("expire", "", 0, 0, b"[]"), ("reminder", "", 0, 0, b"[]")]


def test_a_class_may_have_a_command_cancel_and_reaches_the_other_by_super() -> None:
    assert [one[:2] for one in changed("cancel", cls=Cancellable)] == [("end", "")]


def test_a_refused_command_leaves_no_deadline() -> None:
    kind = entity_type(Cart)
    instance = Instance(kind, "c")

    with pytest.raises(Rejected):
        instance.decide(kind.commands["refuse"], (), NOW)

    assert instance.deadlines is None


def test_a_turn_without_deadlines_forgets_those_of_the_turn_before() -> None:
    instance = decided("fill", "tea")

    instance.decide(instance.kind.commands["expire"], (), NOW)

    assert instance.deadlines is None


def test_a_command_that_schedules_and_emits_nothing_is_an_error_that_says_so() -> None:
    with pytest.raises(AuthorError, match="'expire' and emitted no event"):
        decided("forget_event")


def test_a_deadline_whose_command_needs_arguments_names_the_missing_one() -> None:
    with pytest.raises(Invalid, match="note"):
        decided("forget_arguments")


@pytest.mark.parametrize(
    ("what", "error", "match"),
    [
        ("both", Invalid, "either after= or at="),
        ("neither", Invalid, "either after= or at="),
        ("naive", Invalid, "no time zone"),
        ("far", Invalid, "after the year 9999"),
        ("another", DefinitionError, "not a command of Cart"),
        ("a bound method", DefinitionError, "self.schedule"),
        ("an empty name", Invalid, "a deadline's name"),
        ("a wrong argument", Invalid, "needs 'times'"),
        ("too many", Invalid, "100 deadlines"),
        ("too large", Invalid, "16,000 are allowed"),
    ],
)
def test_what_cannot_be_scheduled_is_refused(what: str, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        decided("act", what)


def test_only_a_command_schedules() -> None:
    kind = entity_type(Cart)

    with pytest.raises(AuthorError, match="only a command may schedule"):
        Instance(kind, "c").ask(kind.queries["ask"], (), NOW)


def test_what_schedules_in_a_plain_way_need_not_be_watched() -> None:
    """Naming a command of the class is no way to change the state."""
    assert entity_type(Cart).commands["fill"].is_harmless


def test_metadata_carries_deadlines_and_reads_as_before() -> None:
    metadata = Metadata("fill", "c", 'a "deadline": "deadlines":', "ann")
    written = write_metadata(metadata)
    assert decode_noted(written) == Noted()

    both = with_fired(with_changes(written, [Change("x", "expire", 5)], 7), "t", 4)

    assert read_metadata(both) == metadata
    assert IN_METADATA in both
    noted = decode_noted(both)
    assert noted.deadline == Fired("t", 4)
    assert noted.deadlines is not None
    assert (noted.deadlines.at, noted.deadlines.changed[0].due) == (7, 5)
    assert decode_noted(with_changes(b"{}", [Change("x")], 1)) == Noted(Changes(1, (Change("x"),)))


def test_deadlines_of_different_entities_have_different_timers() -> None:
    names = {timer_name(*one) for one in (("A", "b/c", "d"), ("A/b", "c", "d"), ("A", "b", "c/d"))}

    assert len(names) == 3
    assert len(timer_name("A", "i" * 1_000, "n" * 1_000)) <= 1_000
