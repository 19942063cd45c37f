"""View, the class that declares a table reduced from events, and what Actum compiles from it."""

import copy
import inspect
import re
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import timedelta
from types import NoneType, UnionType
from typing import Any, ClassVar, Literal, Self, Union, dataclass_transform, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct, StructMeta

from actum.errors import DefinitionError, Invalid
from actum.model.deletion import Deleted
from actum.model.entity import EntityType, fields_of
from actum.model.event import Event
from actum.model.handler import Command, Query
from actum.model.option import OF_STRUCTS, check_options
from actum.model.reduction import Reduction, inherited, reductions_of
from actum.model.rows.column import Column, column_of, may_be_key
from actum.model.rows.page import Page
from actum.model.rows.row import Rows
from actum.model.rows.row_key import canonical_text, check_key
from actum.model.rows.sealed_columns import SealedColumns, sealed_columns
from actum.model.signature import Signature
from actum.model.values.fingerprint import fingerprint
from actum.model.values.serialisable import check_serialisable, check_whole

Shape = Literal["rows", "page", "row", "value"]
MAX_NAME = 63
RESERVED_FIELDS = frozenset({"delete", "get"})
RESERVED_NAMES = ("actum_", "sqlite_", "pg_")


def snake_case(name: str) -> str:
    """Turns a class name into a table's name: OpenOrders into open_orders."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


class ViewOptions(Struct, frozen=True):
    """The options of a class statement: `class Balances(View, name=…, key=…, indexes=…, version=…, …)`."""

    name: str
    key: str
    indexes: tuple[tuple[str, ...], ...]
    version: int
    person: str | None = None


OPTIONS = OF_STRUCTS | {"indexes", "key", "name", "person", "version"}
"""The options that a class statement may have."""


@dataclass_transform(field_specifiers=(msgspec.field,))
class ViewMeta(StructMeta):
    """Makes view classes structs, and takes their options from the class statement."""

    def __new__(
        mcls,
        class_name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        /,
        *,
        name: str | None = None,
        key: str = "id",
        indexes: Iterable[str | tuple[str, ...]] = (),
        version: int = 1,
        person: str | None = None,
        **config: Any,
    ) -> "ViewMeta":
        check_options(f"class {class_name}(View)", config, OPTIONS)
        settings: dict[str, Any] = {"dict": True, **config}
        try:
            cls = super().__new__(mcls, class_name, bases, namespace, **settings)
        except TypeError as error:
            raise DefinitionError(f"view {class_name}: {error}") from error
        given = (indexes,) if isinstance(indexes, str) else indexes
        listed = tuple((index,) if isinstance(index, str) else tuple(index) for index in given)
        declared = ViewOptions(name or snake_case(class_name), key, listed, version, person)
        cls.__view_options__ = declared  # type: ignore[attr-defined]
        return cls


class View(Struct, metaclass=ViewMeta):
    """A table: an instance is a row, and reducers fill it exactly as they fill an entity.

    An event belongs to the row of the entity's id unless the reducer says `@reducer(key=…)`; `self.delete()`
    in a reducer removes the row. A reducer's second parameter, `recorded: Recorded`, has id, version, time.
    When an entity is erased, the row under its id is dropped unless a reducer of `Deleted` says otherwise.
    Options of the class statement: `name=` is the table (by default the class name in snake case), `key=` the
    field that is the key (`id`), `indexes=` lists columns, or tuples of columns, and raising `version=`
    rebuilds the table. `person=` is the field with the id of the person whom the `Sealed` ones belong to.
    """

    __view_options__: ClassVar[ViewOptions]
    __view_type__: ClassVar["ViewType"]

    def delete(self) -> None:
        """Removes this row; a later event of the same key starts a new one."""
        vars(self)["is_deleted"] = True

    def get(self, key: Any) -> Coroutine[Any, Any, Self | None]:
        """Returns the row of a key, or None; call it on `ctx.view(…)`."""
        raise DefinitionError("rows are read through a context: `await ctx.view(…).get(key)`")


OMITTED = "a value equal to a default would not be in the column, and SQL would find NULL"
DROP = Reduction(Deleted.__event_type__, None)
"""Drops a row: what happens when its entity is erased and the view has no reducer of Deleted."""


class ViewQuery:
    """One SQL query of a view, compiled: its parameters, and the shape and type of its answer."""

    __slots__ = ("answer", "item", "max_bytes", "name", "shape", "signature", "sql", "timeout")

    def __init__(self, view: str, handler: Query[..., Any], cls: type[Any] | None = None) -> None:
        self.name: str = handler.name
        self.sql: str = handler.sql or ""
        self.timeout: timedelta | None = handler.timeout
        self.max_bytes: int | None = handler.max_bytes
        self.signature: Signature = Signature(handler.function, f"{view}.{handler.name}", cls, is_kept=False)
        self.answer: Any = self.signature.returns
        self.item: Any
        self.shape, self.item = shape_of(self.answer)
        if self.item is NoneType:
            raise DefinitionError(
                f"{view}.{self.name}: a query must return an answer; annotate it, for example `-> list[Row]`"
            )


class ViewType:
    """What Actum knows about one view class, compiled once from its declaration.

    `may_share` is true if one event may belong to several rows.
    """

    def __init__(self, cls: type[View]) -> None:
        options = cls.__view_options__
        self.cls = cls
        self.name: str = options.name
        self.key: str = options.key
        self._check_name()
        self._check_fields()
        self.columns: tuple[Column, ...] = tuple(column_of(field, cls.__name__) for field in fields_of(cls))
        check_serialisable(cls, cls.__name__)
        for column in self.columns:
            check_whole(column.annotation, f"{cls.__name__}.{column.name}", OMITTED)
        self._check_columns()
        self.indexes: tuple[tuple[str, ...], ...] = options.indexes
        self._check_indexes()
        self.sealed: SealedColumns | None = sealed_columns(cls, self.columns, options.person)
        self.reductions: dict[type[Event], Reduction] = reductions_of(cls, may_ask_for_recorded=True)
        for reduction in self.reductions.values():
            reduction.event_type.check()
        self.by_name: dict[str, Reduction] = {
            reduction.event_type.name: reduction
            for event, reduction in self.reductions.items()
            if event is not Deleted
        }
        self._sources: dict[str, bool] | None = None
        self.queries: dict[str, ViewQuery] = self._collect_queries()
        self._shaping: tuple[Any, ...] = (options.version, self.key, self.indexes)
        if self.sealed is not None:
            self._shaping += (self.sealed.shaping,)
        self.fingerprint: str = fingerprint(cls, self._shaping, self.reductions.values())
        self.rows: Rows = Rows(
            self.name, cls, self.columns, self.columns.index(self._key_column), self.indexes
        )
        self.check: Callable[..., int] = self.rows.check
        self.may_share: bool = any(reduction.key is not None for reduction in self.reductions.values())
        self._check_keys()

    def __repr__(self) -> str:
        return f"<ViewType {self.name}>"

    def among(self, kinds: Iterable[EntityType]) -> "ViewType":
        """Returns the view as one application has it, with entities of these kinds.

        A base class's reducer takes all subclasses that they emit and that have no reducer of their own.
        """
        kinds = list(kinds)
        found = copy.copy(self)
        found._sources = {}
        found._add_inherited([event for kind in kinds for event in kind.reductions])
        for kind in kinds:
            shared = [found.reductions[event] for event in kind.reductions if event in found.reductions]
            if shared:
                found._sources[kind.name] = any(reduction.key is None for reduction in shared)
        return found

    def _add_inherited(self, emitted: Iterable[type[Event]]) -> None:
        added = {
            event: reduction
            for event in emitted
            if event not in self.reductions and (reduction := inherited(event, self.reductions))
        }
        if not added:
            return
        for event, reduction in added.items():
            check_key(self.cls.__name__, event, reduction.key, self._key_column, self.key_of)
        self.reductions = self.reductions | added
        self.by_name = self.by_name | {one.event_type.name: one for one in added.values()}
        self.fingerprint = fingerprint(self.cls, self._shaping, self.reductions.values())

    def reduction_of_deletion(self, kind: str, id: str) -> Reduction | None:
        """Returns what the erasure of an entity does to the view; None where it does nothing.

        That is the view's own reducer of `Deleted`, or else dropping the row under the entity's id.
        """
        has_row = True if self._sources is None else self._sources.get(kind)
        if has_row is None:
            return None
        own = self.reductions.get(Deleted)
        if own is not None:
            return own
        return DROP if has_row and self._may_be_key(id) else None

    def new_row(self, key: Any) -> View:
        """Returns an empty row for a key."""
        return self.cls(**{self.key: key})

    def settle(self, row: View) -> None:
        """Sets a row's values to those that will be read back; raises AuthorError for one that cannot fit."""
        self.rows.settle(row)

    def row_to_sql(self, row: View) -> tuple[Any, ...]:
        """Returns a row as its columns store it."""
        return self.rows.to_sql(row)

    def size_of(self, values: Sequence[Any]) -> int:
        """Returns roughly how many bytes a row has, as its columns store it."""
        return self.rows.size.of(values)

    def row_from_sql(self, values: Iterable[Any]) -> View:
        """Returns the row that was stored in columns."""
        row: View = self.rows.from_sql(values)
        return row

    def key_of(self, value: Any) -> Any:
        """Returns a key as rows hold it, such as 7 for the id "7"; raises Invalid for what cannot be one."""
        return self.rows.key(value)

    def key_to_sql(self, value: Any) -> Any:
        """Returns a key as its column stores it; raises Invalid for what cannot be one."""
        return self.rows.key_to_sql(value)

    def key_to_text(self, key: Any) -> str:
        """Returns a key as JSON, which can hold every character; raises ValueError for half a surrogate pair.

        Equal keys give the same text.
        """
        return canonical_text(key)

    def key_from_text(self, text: str) -> Any:
        """Returns the key that was written as JSON."""
        return msgspec.json.decode(text, type=self._key_column.annotation)

    def _may_be_key(self, id: str) -> bool:
        try:
            self.key_of(id)
        except Invalid:
            return False
        return True

    @property
    def _key_column(self) -> Column:
        return next(column for column in self.columns if column.name == self.key)

    def _check_name(self) -> None:
        name = self.name
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name) or "__" in name or name.startswith(RESERVED_NAMES):
            raise DefinitionError(
                f"{self.cls.__name__}: {name!r} cannot name a table; use name= with at most 41 lower-case "
                f"letters, digits and single underscores, not beginning with {' or '.join(RESERVED_NAMES)}"
            )

    def _check_fields(self) -> None:
        name = self.cls.__name__
        names = self.cls.__struct_fields__
        if self.key not in names:
            raise DefinitionError(
                f"{name} has no key: declare the field `{self.key}: str`, or name another one: "
                f"class {name}(View, key=…)"
            )
        for field in msgspec.structs.fields(self.cls):
            is_required = field.default is NODEFAULT and field.default_factory is NODEFAULT
            if is_required and field.name != self.key:
                raise DefinitionError(
                    f"{name}.{field.name} needs a default, for a row whose first event does not fill it"
                )
            if callable(field.default):
                raise DefinitionError(f"{name}.{field.name} is both a field and a method; rename one of them")
            if field.name in RESERVED_FIELDS:
                raise DefinitionError(
                    f"{name}.{field.name}: every view has `{field.name}` already; give the field another name"
                )

    def _check_columns(self) -> None:
        name = self.cls.__name__
        if not may_be_key(self._key_column):
            raise DefinitionError(
                f"{name}.{self.key} has the type {self._key_column.annotation}, which cannot be a key: "
                "use str, int, bytes, datetime, date, UUID, Decimal or an Enum, without None"
            )
        seen: dict[str, str] = {}
        for column in self.columns:
            twin = seen.setdefault(column.name.lower(), column.name)
            if twin != column.name:
                raise DefinitionError(
                    f"{name} has the fields {twin!r} and {column.name!r}, equal in SQL; rename one of them"
                )
        # PostgreSQL cuts longer names off.
        cut = [column.name.encode()[:MAX_NAME].lower() for column in self.columns]
        alike = [column.name for column, start in zip(self.columns, cut, strict=True) if cut.count(start) > 1]
        if alike:
            raise DefinitionError(
                f"{name} has the fields {' and '.join(map(repr, alike))}, which have the same first "
                f"{MAX_NAME} bytes; rename one of them"
            )

    def _check_indexes(self) -> None:
        name = self.cls.__name__
        names = {column.name for column in self.columns}
        for index in self.indexes:
            if not index:
                raise DefinitionError(f"{name}: indexes= has an index without columns; name at least one")
            for column in index:
                if column not in names:
                    raise DefinitionError(f"{name}: indexes= names {column!r}, but there is no such field")
                if any(one.name == column and one.sealed for one in self.columns):
                    raise DefinitionError(
                        f"{name}: indexes= names {column!r}, which is Sealed, so that no query can look for "
                        "it: take it out of indexes=, or declare it Personal"
                    )

    def _check_keys(self) -> None:
        if not self.reductions.keys() - {Deleted}:
            raise DefinitionError(f"{self.cls.__name__} reduces no event: give it a @reducer")
        for event, reduction in self.reductions.items():
            check_key(self.cls.__name__, event, reduction.key, self._key_column, self.key_of)

    def _collect_queries(self) -> dict[str, ViewQuery]:
        found = {}
        for name in dir(self.cls):
            handler = inspect.getattr_static(self.cls, name)
            if isinstance(handler, Command):
                raise DefinitionError(
                    f"{self.cls.__name__}.{name}: a view has no commands, because it only follows events"
                )
            if isinstance(handler, Query):
                if name in RESERVED_FIELDS:
                    raise DefinitionError(
                        f"{self.cls.__name__}.{name}: every view has `{name}` already; rename the query"
                    )
                if handler.sql is None:
                    raise DefinitionError(
                        f'{self.cls.__name__}.{name}: a query of a view is written in SQL: @query("SELECT …")'
                    )
                found[name] = ViewQuery(self.cls.__name__, handler, self.cls)
        return found


def view_type(cls: type[View]) -> ViewType:
    """Returns what is compiled from a view class; the first call compiles it."""
    found = cls.__dict__.get("__view_type__")
    if found is None:
        found = cls.__view_type__ = ViewType(cls)
    return found


def shape_of(annotation: Any) -> tuple[Shape, Any]:
    """Returns how many rows an answer's annotation allows, and the type of one."""
    if annotation is list:
        raise DefinitionError("a query that returns a list must say of what, for example `-> list[Row]`")
    if annotation is Page:
        raise DefinitionError("a query that returns a Page must say of what, for example `-> Page[Row]`")
    origin = get_origin(annotation)
    if origin is list:
        return "rows", get_args(annotation)[0]
    if origin is Page:
        return "page", get_args(annotation)[0]
    if origin in (Union, UnionType) and NoneType in get_args(annotation):
        parts = tuple(part for part in get_args(annotation) if part is not NoneType)
        return "row", Union[parts]  # noqa: UP007  (no other syntax makes a union from a tuple)
    return "value", annotation
