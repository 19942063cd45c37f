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
from actum.model.code.place import blamed_on
from actum.model.deletion import Deleted
from actum.model.entity import Entity, EntityType, fields_of
from actum.model.event import Event
from actum.model.handler import Command, Query
from actum.model.option import OF_STRUCTS, check_options, refused_class
from actum.model.reduction import Reduction, inherited, reductions_of
from actum.model.rows.column import Column, column_of, may_be_key
from actum.model.rows.key_columns import MAX_KEY_COLUMNS, KeyColumn, key_of_columns
from actum.model.rows.mirror import STATE_COLUMN, Mirror, MirrorRows, SealedMirror
from actum.model.rows.mirrored_fields import Mirrored, check_mirrored, mirror_into
from actum.model.rows.page import Page
from actum.model.rows.row import Rows
from actum.model.rows.row_key import check_key
from actum.model.rows.sealed_columns import SealedColumns, sealed_columns
from actum.model.rows.searched_columns import SearchedColumns, listed_columns, searched_columns
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
    """The options of a class statement: `class Balances(View, name=…, key=…, indexes=…, version=…, …)`.

    `mirrored` says what the view mirrors, if it does, and `search` lists the columns that are searched.
    """

    name: str
    key: str | tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...]
    version: int
    person: str | None = None
    mirrored: Mirrored | None = None
    search: tuple[str, ...] | None = None


OPTIONS = OF_STRUCTS | {"fields", "indexes", "key", "name", "of", "person", "search", "version"}
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
        key: str | Sequence[str] = "id",
        indexes: Iterable[str | tuple[str, ...]] = (),
        version: int = 1,
        person: str | None = None,
        of: type[Entity] | None = None,
        fields: Iterable[str] | None = None,
        search: Iterable[str] | None = None,
        **config: Any,
    ) -> "ViewMeta":
        check_options(f"class {class_name}(View)", config, OPTIONS)
        mirrored = mirror_into(class_name, namespace, of, fields, key)
        settings: dict[str, Any] = {"dict": True, **config}
        try:
            cls = super().__new__(mcls, class_name, bases, namespace, **settings)
        except TypeError as error:
            why = "which a row has until an event sets it"
            raise refused_class(f"view {class_name}", error, why) from error
        given = (indexes,) if isinstance(indexes, str) else indexes
        listed = tuple((index,) if isinstance(index, str) else tuple(index) for index in given)
        keyed = key if isinstance(key, str) else _several(class_name, key)
        named, searched = name or snake_case(class_name), listed_columns(class_name, search)
        declared = ViewOptions(named, keyed, listed, version, person, mirrored, searched)
        cls.__view_options__ = declared  # type: ignore[attr-defined]
        return cls


class View(Struct, metaclass=ViewMeta):
    """A table: an instance is a row, and reducers fill it exactly as they fill an entity.

    An event belongs to the row of the entity's id unless the reducer says `@reducer(key=…)`; `self.delete()`
    in a reducer removes the row. A reducer's second parameter, `recorded: Recorded`, has id, version, time.
    When an entity is erased, the row under its id is dropped unless a reducer of `Deleted` says otherwise.
    Options of the class statement: `name=` is the table (by default the class name in snake case), `key=` the
    field that is the key (`id`), or a tuple of several that are it together; `indexes=` lists columns, or
    tuples of columns, and raising `version=` rebuilds the table. `person=` is the field with the id of the
    person whom the `Sealed` ones belong to. `search=` lists the text columns in whose words queries look, as
    in `WHERE search(articles, :words)`.

    With `of=` it mirrors an entity: each row is the state of one, in the fields that `fields=` lists, or in
    all, and needs no reducer: `class Accounts(View, of=Account, fields=["owner", "balance"])`. A field may be
    declared in the body too, as `owner: str`, which tells type checkers of it. Reducers beside these take the
    entity's own events, and set fields of the view's own.
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

    __slots__ = ("answer", "function", "item", "max_bytes", "name", "shape", "signature", "sql", "timeout")

    def __init__(self, view: str, handler: Query[..., Any], cls: type[Any] | None = None) -> None:
        self.name: str = handler.name
        self.sql: str = handler.sql or ""
        self.timeout: timedelta | None = handler.timeout
        self.max_bytes: int | None = handler.max_bytes
        self.function: Callable[..., Any] = handler.function
        with blamed_on(handler.function):
            self._compile(f"{view}.{handler.name}", cls)

    def _compile(self, where: str, cls: type[Any] | None) -> None:
        self.signature: Signature = Signature(self.function, where, cls, is_kept=False)
        self.answer: Any = self.signature.returns
        self.item: Any
        self.shape, self.item = shape_of(self.answer)
        if self.item is NoneType:
            raise DefinitionError(
                f"{where}: a query must return an answer; annotate it, for example `-> list[Row]`"
            )


class ViewType:
    """What Actum knows about one view class, compiled once from its declaration.

    `may_share` is true if one event may belong to several rows.
    """

    def __init__(self, cls: type[View]) -> None:
        options = cls.__view_options__
        self.cls = cls
        self.name: str = options.name
        self.key: str | tuple[str, ...] = options.key
        self._key_names: tuple[str, ...] = (self.key,) if isinstance(self.key, str) else self.key
        self._sources: dict[str, bool] | None = None
        self._check_name()
        self._check_fields()
        if options.mirrored is not None:
            check_mirrored(cls, options.mirrored)
        self._compile_columns(options)
        own = reductions_of(cls, may_ask_for_recorded=True)
        self.mirror: Mirror | None = None
        if options.mirrored is not None:
            self.mirror = Mirror(cls.__name__, options.mirrored, own)
        self.queries: dict[str, ViewQuery] = self._collect_queries()
        self._compile_rows(options, own)
        self._compile_reductions(own if self.mirror is None else self.mirror.reductions)

    def _compile_columns(self, options: ViewOptions) -> None:
        cls = self.cls
        self.columns: tuple[Column, ...] = tuple(column_of(field, cls.__name__) for field in fields_of(cls))
        check_serialisable(cls, cls.__name__)
        for column in self.columns:
            check_whole(column.annotation, f"{cls.__name__}.{column.name}", OMITTED)
        self._check_columns()
        self.key_columns: KeyColumn = key_of_columns(self.name, [*map(self._column, self._key_names)])
        self.key_in: Callable[[Any], Any] = self.key_columns.of_row
        self.indexes: tuple[tuple[str, ...], ...] = options.indexes
        self._check_indexes()

    def _compile_rows(self, options: ViewOptions, own: dict[type[Event], Reduction]) -> None:
        """Decides how rows are stored; what shapes them is in the fingerprint."""
        sealed = sealed_columns(self.cls, self.columns, options.person)
        self._shaping: tuple[Any, ...] = (options.version, self.key, self.indexes)
        if sealed is not None:
            self._shaping += (sealed.shaping,)
        if self.mirror is not None:
            self._shaping += (self.mirror.shaping,)
        self.searched: SearchedColumns | None = searched_columns(self.cls, self.columns, options.search)
        if self.searched is not None:
            self._shaping += (self.searched.shaping,)
        # The reducers of a mirrored entity are in its own fingerprint.
        self.fingerprint: str = fingerprint(self.cls, self._shaping, own.values())
        has_state = self.mirror is not None and self.mirror.has_state
        self.stored_columns: tuple[Column, ...] = self.columns
        self.sealed: SealedColumns | SealedMirror | None = sealed
        if has_state:
            self.stored_columns += (STATE_COLUMN,)
            self.sealed = self._sealed_with_state(sealed)
        rows = MirrorRows if has_state else Rows
        self.rows: Rows = rows(self.name, self.cls, self.columns, self.key_columns, self.indexes)
        self.check: Callable[..., int] = self.rows.check

    def _compile_reductions(self, reductions: dict[type[Event], Reduction]) -> None:
        self.reductions: dict[type[Event], Reduction] = reductions
        for reduction in reductions.values():
            reduction.event_type.check()
        self.by_name: dict[str, Reduction] = {
            reduction.event_type.name: reduction
            for event, reduction in reductions.items()
            if event is not Deleted
        }
        self.may_share: bool = any(reduction.key is not None for reduction in reductions.values())
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
        if self.mirror is not None:
            found._sources[self._mirrored_of(kinds).name] = True
            return found
        found._add_inherited([event for kind in kinds for event in kind.reductions])
        for kind in kinds:
            shared = [found.reductions[event] for event in kind.reductions if event in found.reductions]
            if shared:
                found._sources[kind.name] = any(reduction.key is None for reduction in shared)
        return found

    def taking(self, events: Iterable[type[Event]]) -> "ViewType":
        """Returns the view with these events too that a base class's reducer takes, of whatever entity."""
        found = copy.copy(self)
        found._add_inherited(events)
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
            check_key(self.cls.__name__, event, reduction.key, self.key_columns)
        self.reductions = self.reductions | added
        self.by_name = self.by_name | {one.event_type.name: one for one in added.values()}
        self.fingerprint = fingerprint(self.cls, self._shaping, self.reductions.values())

    def takes_from(self, kind: str) -> bool:
        """Whether events of a kind of entities are for the view, if their types are."""
        return self.mirror is None or kind == self.mirror.kind.name

    def reduction_of_deletion(self, kind: str, id: str) -> Reduction | None:
        """Returns what the erasure of an entity does to the view; None where it does nothing.

        That is the view's own reducer of `Deleted`, or else dropping the row under the entity's id.
        """
        if self.mirror is not None and kind != self.mirror.kind.name:
            return None
        has_row = True if self._sources is None else self._sources.get(kind)
        if has_row is None:
            return None
        own = self.reductions.get(Deleted)
        if own is not None:
            return own
        return DROP if has_row and self._may_be_key(id) else None

    def new_row(self, key: Any) -> View:
        """Returns an empty row for a key."""
        return self.cls(**self.key_columns.fields(key))

    def settle(self, row: View) -> None:
        """Sets a row's values to those that will be read back; raises AuthorError for one that cannot fit."""
        self.rows.settle(row)

    def row_to_sql(self, row: View) -> tuple[Any, ...]:
        """Returns a row as its columns store it."""
        return self.rows.to_sql(row)

    def size_of(self, values: Sequence[Any]) -> int:
        """Returns roughly how many bytes a row has, as its columns store it."""
        return self.rows.size_of(values)

    def row_from_sql(self, values: Iterable[Any]) -> View:
        """Returns the row that was stored in columns."""
        row: View = self.rows.from_sql(values)
        return row

    def shown_row(self, values: Iterable[Any]) -> View:
        """Returns the row that was stored in columns, for who asks for it."""
        row: View = self.rows.shown(values)
        return row

    def key_of(self, value: Any) -> Any:
        """Returns a key as rows hold it, such as 7 for the id "7"; raises Invalid for what cannot be one."""
        return self.rows.key(value)

    def key_to_sql(self, value: Any) -> Any:
        """Returns a key as its column stores it; raises Invalid for what cannot be one."""
        return self.key_columns.to_sql(value)

    def key_to_text(self, key: Any) -> str:
        """Returns a key as JSON, which can hold every character; raises ValueError for half a surrogate pair.

        Equal keys give the same text.
        """
        return self.key_columns.text(key)

    def key_from_text(self, text: str) -> Any:
        """Returns the key that was written as JSON."""
        return self.key_columns.from_text(text)

    def _may_be_key(self, id: str) -> bool:
        try:
            self.key_of(id)
        except Invalid:
            return False
        return True

    def _sealed_with_state(self, columns: SealedColumns | None) -> SealedColumns | SealedMirror | None:
        """Returns what seals the rows of a mirror: sealed columns, and what is personal in the states."""
        assert self.mirror is not None
        personal = self.mirror.kind.personal
        if personal is None or personal.state is None:
            return columns
        return SealedMirror(self.mirror.kind, self.columns.index(self.key_columns.columns[0]), columns)

    def _mirrored_of(self, kinds: Iterable[EntityType]) -> EntityType:
        """Returns the kind that the view mirrors; raises DefinitionError if it is not among these."""
        assert self.mirror is not None
        mirrored = self.mirror.kind
        for kind in kinds:
            if kind.cls is mirrored.cls:
                return kind
        raise DefinitionError(
            f"view {self.name} mirrors {mirrored.cls.__name__}, which is not among the application's "
            f"entities: add it to App(entities=[{mirrored.cls.__name__}])"
        )

    def _column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

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
        for key in self._key_names:
            if key not in names:
                raise DefinitionError(
                    f"{name} has no key: declare the field `{key}: str`, or name another one: "
                    f"class {name}(View, key=…)"
                )
        for field in msgspec.structs.fields(self.cls):
            is_required = field.default is NODEFAULT and field.default_factory is NODEFAULT
            if is_required and field.name not in self._key_names:
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
        for column in map(self._column, self._key_names):
            if not may_be_key(column):
                raise DefinitionError(
                    f"{name}.{column.name} has the type {column.annotation}, which cannot be a key: "
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
            check_key(self.cls.__name__, event, reduction.key, self.key_columns)

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
        with blamed_on(cls):
            found = cls.__view_type__ = ViewType(cls)
    return found


def _several(view: str, key: Sequence[Any]) -> tuple[str, ...]:
    """Returns the columns that are the key together; raises DefinitionError for what cannot be such."""
    names = tuple(key) if isinstance(key, list | tuple) else ()
    if not all(isinstance(name, str) for name in names) or not 1 < len(set(names)) == len(names):
        raise DefinitionError(
            f'class {view}(View, key={key!r}): name one field, key="id", or several different ones, '
            'key=("show", "row")'
        )
    if len(names) > MAX_KEY_COLUMNS:
        raise DefinitionError(
            f"class {view}(View, key=…) names {len(names)} fields, and a key has at most {MAX_KEY_COLUMNS}"
        )
    return names


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
