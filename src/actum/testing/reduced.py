"""reduced: a view alone, without an application: its rows after some events, and what its queries answer."""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from importlib import import_module
from typing import Any, Generic, ParamSpec, TypeVar

import msgspec

from actum.errors import DefinitionError, EventChanged, Invalid, ReducerFailed
from actum.model.deletion import DELETED
from actum.model.entity import Entity
from actum.model.event import Event, Recorded, Stored, to_microseconds
from actum.model.handler import Query
from actum.model.rows.projection import fold, steps_of
from actum.model.view import View, ViewQuery, ViewType, view_type
from actum.queries.answers import read_answer
from actum.stores.open import open_stores
from actum.testing.past import START
from actum.testing.stored import GivenEvent, StoredEvent, read_of

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
ViewT = TypeVar("ViewT", bound=View)

Happened = tuple[str, GivenEvent] | Recorded[Any]
"""An event and the id of its entity, or an event with its place in history."""

MAX_ROWS = 100_000


class Reduced(Generic[ViewT]):
    """A view and the rows that its events have made."""

    def __init__(self, told: str, view: ViewType, tables: "dict[type[View], Table]") -> None:
        self._told = told
        self._view = view
        self._tables = tables

    def __repr__(self) -> str:
        return self._told

    @property
    def rows(self) -> list[ViewT]:
        """The rows, in the order in which they came to be."""
        return list(self._tables[self._view.cls].rows.values())

    def row(self, key: Any) -> ViewT | None:
        """Gives the row of a key, or None."""
        row: ViewT | None = self._tables[self._view.cls].rows.get(self._view.key_of(key))
        return row

    def query(self, asked: Query[P, R], *arguments: P.args, **named: P.kwargs) -> R:
        """Answers a query of the view, or of one beside it, from the rows: `query(Balances.richest, 5)`."""
        table = self._tables.get(asked.owner) if asked.owner is not None else None
        found = None if table is None else table.view.queries.get(asked.name)
        if found is None:
            raise TypeError(f"{asked!r} is no query of {self!r}: name its view in beside=[…]")
        if found.shape == "page":
            raise DefinitionError(f"{asked!r} gives pages: ask it in testing(app)")
        for one in self._tables.values():
            if one.view.sealed is not None:
                raise DefinitionError(
                    f"{one.view.cls.__name__} has Sealed columns, which need the keys of an application: ask "
                    "its queries in testing(app)"
                )
        _check_query(found, [one.view for one in self._tables.values()])
        bound = found.signature.bind(arguments, dict(named))
        parameters = dict(zip(found.signature.parameters, bound, strict=True))
        answer: R = _run_apart(_answer(list(self._tables.values()), found, parameters))
        return answer


class Table:
    """The rows of one view, by key."""

    def __init__(self, view: ViewType) -> None:
        self.view = view
        self.rows: dict[Any, Any] = {}

    def __repr__(self) -> str:
        return f"<Table {self.view.name}>"

    def take(self, stored: Stored) -> None:
        """Folds an event into the rows; raises AssertionError where a running view would set a row aside."""
        try:
            changes = fold(self.view, steps_of(self.view, [stored]), self.rows)
        except (ReducerFailed, EventChanged) as error:
            raise AssertionError(f"a row would be set aside: {error}") from error
        for key in changes.deleted:
            self.rows.pop(key, None)
        for row in changes.written:
            self.rows[self.view.key_in(row)] = self._read_back(row)

    def _read_back(self, row: View) -> View:
        try:
            kept = self.view.row_from_sql(self.view.row_to_sql(row))
        except (Invalid, ValueError, TypeError) as error:
            raise AssertionError(f"a row would be set aside: {error}") from error
        if kept != row:
            raise AssertionError(f"a row does not survive its table: {row!r} is read back as {kept!r}")
        return kept


def reduced(
    view: type[ViewT],
    history: Iterable[Happened],
    *,
    of: type[Entity] | None = None,
    beside: Sequence[type[View]] = (),
    time: datetime = START,
) -> Reduced[ViewT]:
    """Reduces events to the rows of a view, without an application.

        balances = reduced(Balances, [("ann", Opened("Ann")), ("ann", Deposited(5))])
        assert balances.rows == [Balances("ann", owner="Ann", balance=5)]
        assert balances.query(Balances.richest, 1) == [Rich("Ann", 5)]

    An event comes with the id of its entity, which is one of the class `of`, and happens at `time`; or it is
    a Recorded, with a place and time of its own. An event that no reducer takes is skipped. `beside` lists
    other views that queries read. Raises AssertionError where a running view would set a row aside.
    """
    events = list(history)
    told = f"reduced({view.__name__}, [{', '.join(map(_shown, events))}])"
    classes = {type(event) for event in map(_event_of, events) if isinstance(event, Event)}
    tables: dict[type[View], Table] = {}
    classes_of_views: list[type[View]] = [view, *beside]
    for cls in dict.fromkeys(classes_of_views):
        tables[cls] = Table(view_type(cls).taking(classes))
    for stored in _placed(events, tables.values(), of, to_microseconds(time)):
        try:
            for table in tables.values():
                table.take(stored)
        except AssertionError as failure:
            raise AssertionError(f"{told}\n{failure}") from failure.__cause__
    return Reduced(told, tables[view].view, tables)


def _placed(
    events: Sequence[Happened], tables: Iterable[Table], of: type[Entity] | None, time: int
) -> Iterator[Stored]:
    """Gives each event a place in the history: the next position, and the next version of its entity."""
    versions: dict[tuple[str, str], int] = {}
    default = "" if of is None else of.__entity_options__.name
    position = 0
    for happened in events:
        event = _event_of(happened)
        name, type_version, payload = _written(event, tables)
        metadata = b"{}"
        if isinstance(happened, Recorded):
            kind, id, version = happened.kind, happened.id, happened.version
            position = max(position + 1, happened.position)
            time, metadata = to_microseconds(happened.time), msgspec.json.encode(happened.metadata)
        else:
            kind, id = default, happened[0]
            position += 1
            version = 0 if name == DELETED else versions.get((kind, id), 0) + 1
        versions[kind, id] = version
        yield Stored(position, kind, id, version, name, type_version, payload, metadata, time)


def _written(event: GivenEvent, tables: Iterable[Table]) -> tuple[str, int, bytes]:
    """Gives an event as it is stored; raises TypeError for a stored one that no view takes."""
    if not isinstance(event, StoredEvent):
        declared = event.__event_type__
        _ = declared.decode  # Only then is known how it is written.
        return declared.name, declared.version, declared.encode(event)
    found = [table.view.by_name[event.name] for table in tables if event.name in table.view.by_name]
    if not found:
        names = sorted({name for table in tables for name in table.view.by_name})
        raise TypeError(
            f"no reducer takes an event that is stored as {event.name!r}; there are {', '.join(names)}"
        )
    read_of((event.name, event.version, event.payload), found[0].event_type)
    return event.name, event.version, event.payload


def _event_of(happened: Any) -> GivenEvent:
    if isinstance(happened, Recorded):
        return happened.event  # type: ignore[no-any-return]
    is_pair = isinstance(happened, tuple) and len(happened) == 2 and isinstance(happened[0], str)
    if not (is_pair and isinstance(happened[1], Event | StoredEvent)):
        raise TypeError(
            f"{happened!r} is no event of an entity: give the entity's id and the event, as in "
            '("ann", Deposited(5)), or a Recorded'
        )
    return happened[1]


def _shown(happened: Any) -> str:
    if isinstance(happened, Recorded):
        return repr((happened.id, happened.event))
    return repr(happened)


def _check_query(query: ViewQuery, views: Sequence[ViewType]) -> None:
    try:
        # By name, so that tests without queries do not load what reads SQL.
        import_module("actum.queries.query_check").check_query(query, views)
    except DefinitionError as error:
        raise DefinitionError(f"{error} Here, name the views that it reads in beside=[…].") from error


async def _answer(tables: Sequence[Table], query: ViewQuery, parameters: dict[str, Any]) -> Any:
    async with open_stores("memory:") as stores:
        database = stores.database
        for table in tables:
            state = await database.prepare_view(table.view)
            rows = [table.view.row_to_sql(row) for row in table.rows.values()]
            await database.project(
                table.view, state.generation, before=0, checkpoint=1, written=rows, deleted=[]
            )
        return read_answer(query, await database.ask(query.sql, parameters, most=MAX_ROWS))


def _run_apart(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end in a thread of its own: the caller may be in an event loop, or in none."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()
