"""Mirrors: rows that are the states of entities, folded by the entities' own reducers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from actum.errors import AuthorError, DefinitionError, Invalid
from actum.model.deletion import Deleted
from actum.model.entity import EntityType, entity_type
from actum.model.event import Event, Recorded, to_microseconds
from actum.model.people.of_entity import PersonalData
from actum.model.people.sealing import SealedType
from actum.model.reduction import Reduction, inherited
from actum.model.rows.column import Column
from actum.model.rows.key_columns import KeyColumn
from actum.model.rows.mirrored_fields import Mirrored
from actum.model.rows.row import Rows
from actum.model.rows.row_size import RowSize
from actum.model.rows.sealed_columns import SealedColumns
from actum.model.turn import INSTANCE, Instance

STATE = "$state"
"""The column, and the entry beside a row's fields, that holds the whole state: `VERSION JSON`.

No query sees the column, and no field can have this name.
"""
STATE_COLUMN = Column(STATE, str, "text", is_nullable=False, to_sql=None, from_sql=None)


class Mirror:
    """What a view mirrors, and how events are folded into its rows.

    A row has the fields that are mirrored and, beside them, the entity's whole state, onto which its next
    event is folded. An entity that keeps its state alone needs none: each of its events has all of it.
    """

    def __init__(self, view: str, mirrored: Mirrored, own: Mapping[type[Event], Reduction]) -> None:
        self.kind: EntityType = entity_type(mirrored.of)
        self.has_state: bool = not self.kind.keeps_state
        self._view = view
        self._fields = mirrored.fields
        self._check(own)
        self.reductions: dict[type[Event], Reduction] = {
            event: self._reduction(reduction, own.get(event) or inherited(event, own))
            for event, reduction in self.kind.reductions.items()
        }

    def __repr__(self) -> str:
        return f"<Mirror of {self.kind.name} in {self._view}>"

    @property
    def shaping(self) -> tuple[Any, ...]:
        """What shapes the rows: with another entity, other fields or reducers, the view is rebuilt."""
        return "of", self.kind.name, self.kind.fingerprint, self._fields

    def _check(self, own: Mapping[type[Event], Reduction]) -> None:
        view, of = self._view, self.kind.cls.__name__
        emitted = tuple(self.kind.reductions)
        for event, reduction in own.items():
            if event is Deleted:
                raise DefinitionError(
                    f"{view} mirrors {of} and has a reducer of Deleted: its row goes with the entity. Remove "
                    "the reducer, or write another view for what stays"
                )
            if reduction.key is not None:
                raise DefinitionError(
                    f"{view} mirrors {of}, so each event belongs to the row of its entity: remove "
                    "@reducer(key=…), or write another view and join it"
                )
            if not any(issubclass(each, event) for each in emitted):
                raise DefinitionError(
                    f"{view} mirrors {of} and reduces {event.__name__}, which {of} does not emit: write "
                    "another view for that, and join it"
                )

    def _reduction(self, of_entity: Reduction, own: Reduction | None) -> Reduction:
        more = None if own is None else own.function
        wants_recorded = own is not None and own.wants_recorded

        def reduce(row: Any, event: Event, recorded: Recorded[Event]) -> None:
            written = self._fold(row, of_entity.function, event, recorded)
            if more is not None:
                more(row, event, recorded) if wants_recorded else more(row, event)
                self._check_row(row, written)

        named = of_entity.function or more
        reduce.__qualname__ = getattr(named, "__qualname__", f"{self.kind.name} in {self._view}")
        return Reduction(of_entity.event_type, reduce, wants_recorded=True)

    def _fold(
        self,
        row: Any,
        function: Callable[..., None] | None,
        event: Event,
        recorded: Recorded[Event],
    ) -> bytes:
        """Folds an event onto the state of a row, sets the fields to it, and returns it as JSON."""
        instance = Instance(self.kind, recorded.id)
        beside = vars(row)
        version, _, text = beside.get(STATE, "").partition(" ")
        time = to_microseconds(recorded.time)
        # Where events before this one were removed, the entity too begins anew with those that are left.
        if version and int(version) == recorded.version - 1:
            instance.restore(text.encode(), int(version), time)
        instance.version, instance.time = recorded.version, time
        state = instance.state
        if function is not None:
            state.__dict__[INSTANCE] = instance
            try:
                function(state, event)
            finally:
                state.__dict__.clear()
        written = self.kind.write_state(state)
        for name in self._fields:
            setattr(row, name, getattr(state, name))
        if self.has_state:
            beside[STATE] = f"{recorded.version} {written.decode()}"
        return written

    def _check_row(self, row: Any, written: bytes) -> None:
        """Raises AuthorError if a reducer of the view has changed what the entity says."""
        if vars(row).get("is_deleted"):
            raise AuthorError(
                f"it deleted a row of {self._view}, which mirrors {self.kind.cls.__name__}: the row goes "
                "when the entity is erased"
            )
        state = self.kind.read_state(written)
        for name in self._fields:
            if getattr(row, name) != getattr(state, name):
                raise AuthorError(
                    f"it changed {name!r}, which mirrors {self.kind.cls.__name__}.{name}: give the view a "
                    "field of its own for that"
                )


class MirrorRows(Rows):
    """The rows of a mirror, with the entity's state as their last column."""

    def __init__(
        self,
        view: str,
        cls: type[Any],
        columns: Sequence[Column],
        key: KeyColumn,
        indexes: Sequence[Sequence[str]],
    ) -> None:
        super().__init__(view, cls, columns, key, indexes)
        places = [columns.index(column) for column in key.columns]
        self._whole_size = RowSize([*columns, STATE_COLUMN], places, indexes)
        self._view_name = view

    def to_sql(self, row: Any) -> tuple[Any, ...]:
        values = (*super().to_sql(row), vars(row)[STATE])
        fault = self._whole_size.fault(values)
        if fault is not None:
            column, why = fault
            what = "the entity's state" if column is STATE_COLUMN else f"the column {column.name!r}"
            raise AuthorError(f"{what} in the view {self._view_name} is too large: {why}")
        return values

    def size_of(self, values: Sequence[Any]) -> int:
        return self._whole_size.of(values)

    def from_sql(self, values: Iterable[Any]) -> Any:
        *fields, state = values
        row = super().from_sql(fields)
        vars(row)[STATE] = state
        return row

    def shown(self, values: Iterable[Any]) -> Any:
        *fields, _ = values
        return super().from_sql(fields)


class SealedMirror:
    """Seals what is personal in the states of a mirror, as in the journal, and its sealed columns."""

    def __init__(self, kind: EntityType, key_place: int, columns: SealedColumns | None) -> None:
        assert kind.personal is not None
        self._kind = kind
        assert kind.personal.state is not None
        self._personal: PersonalData = kind.personal
        self._sealed: SealedType = kind.personal.state
        self._key_place = key_place
        self._columns = columns

    def persons(self, row: Sequence[Any]) -> set[str]:
        """Returns the persons whose values are in a row; raises AuthorError if they belong to nobody."""
        found = set() if self._columns is None else self._columns.persons(row)
        return found | (self._persons_of(*self._state_in(row)) or set())

    def seal(self, row: Sequence[Any], seal: Callable[[str, bytes], str]) -> tuple[Any, ...]:
        """Returns a row as it is stored."""
        stored = tuple(row) if self._columns is None else self._columns.seal(row, seal)
        value, owner = self._state_in(row)
        if self._persons_of(value, owner) is None:
            return stored
        version, _, _ = row[-1].partition(" ")
        return (*stored[:-1], f"{version} {self._sealed.seal(value, owner, seal).decode()}")

    def texts_in(self, rows: Sequence[Sequence[Any]]) -> list[bytes]:
        """Returns what is sealed in stored rows."""
        found = [] if self._columns is None else self._columns.texts_in(rows)
        return [*found, *(row[-1].encode() for row in rows)]

    def _state_in(self, row: Sequence[Any]) -> tuple[Any, str]:
        _, _, text = row[-1].partition(" ")
        value = self._kind.read_state(text)
        return value, self._personal.owner(str(row[self._key_place]), value)

    def _persons_of(self, value: Any, owner: str) -> set[str] | None:
        """Returns whose values are in a state; None if they belong to nobody yet, and are the defaults."""
        try:
            return self._sealed.persons(value, owner)
        except Invalid as error:
            if self._sealed.values(value, "") == self._sealed.values(self._kind.cls(), ""):
                return None
            raise AuthorError(f"a state of {self._kind.name} cannot be kept: {error}") from error
