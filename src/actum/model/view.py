"""View, the table that is reduced from events, and what Actum compiles from such a class."""

import inspect
import re
from collections.abc import Coroutine, Iterable
from types import NoneType, UnionType
from typing import Any, ClassVar, Literal, Self, Union, dataclass_transform, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct, StructMeta

from actum.errors import DefinitionError
from actum.model.column import Column, column_of
from actum.model.entity import fields_of
from actum.model.event import Event
from actum.model.fingerprint import event_parts, fingerprint, source_of
from actum.model.handler import Command, Query
from actum.model.reduction import Reduction, reductions_of
from actum.model.signature import Signature, check_serialisable, display

Shape = Literal["rows", "row", "value"]


def snake_case(name: str) -> str:
    """Turns a class name into a table's name: OpenOrders into open_orders."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


class ViewOptions(Struct, frozen=True):
    """What the class statement said: `class Balances(View, name=…, key=…, indexes=…, version=…)`."""

    name: str
    key: str
    indexes: tuple[tuple[str, ...], ...]
    version: int


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
        **config: Any,
    ) -> "ViewMeta":
        cls = super().__new__(mcls, class_name, bases, namespace, **{"dict": True, **config})
        listed = tuple((index,) if isinstance(index, str) else tuple(index) for index in indexes)
        cls.__view_options__ = ViewOptions(name or snake_case(class_name), key, listed, version)  # type: ignore[attr-defined]
        return cls


class View(Struct, metaclass=ViewMeta):
    """A table: an instance is a row, and reducers fill it exactly as they fill an entity.

    The row of an event is that of the entity's id unless the reducer says `@reducer(key=…)`; `self.delete()` in a reducer
    removes it. A reducer's second parameter, `recorded: Recorded`, tells id, version and time. Options of the
    class statement: `name=` is the table (the class name in snake case), `key=` the field that is the key (`id`),
    `indexes=` lists columns, or tuples of columns, and `version=` is raised to have the table built anew.
    """

    __view_options__: ClassVar[ViewOptions]
    __view_type__: ClassVar["ViewType"]

    def delete(self) -> None:
        """Removes this row; a later event of the same key starts a new one."""
        self.__dict__["is_deleted"] = True

    def get(self, key: Any) -> Coroutine[Any, Any, Self | None]:
        """Gives the row of a key, or None; call it on `ctx.view(…)`."""
        raise DefinitionError("rows are read through a context: `await ctx.view(…).get(key)`")


class ViewQuery:
    """One SQL query of a view, compiled: its parameters, and the shape and type of its answer."""

    __slots__ = ("answer", "item", "name", "shape", "signature", "sql")

    def __init__(self, view: str, handler: Query[..., Any]) -> None:
        self.name = handler.name
        self.sql = handler.sql or ""
        self.signature = Signature(handler.function, f"{view}.{handler.name}")
        self.answer = self.signature.returns
        self.shape, self.item = shape_of(self.answer)
        if self.item is NoneType:
            raise DefinitionError(
                f"{view}.{self.name}: a query gives an answer; annotate it, for example `-> list[Row]`"
            )


class ViewType:
    """What Actum knows of one view class, compiled once from its declaration."""

    def __init__(self, cls: type[View]) -> None:
        options = cls.__view_options__
        self.cls = cls
        self.name = options.name
        self.key = options.key
        if (
            not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", self.name)
            or "__" in self.name
            or self.name.startswith("actum_")
        ):
            raise DefinitionError(
                f"{cls.__name__}: {self.name!r} cannot name a table; use name= with lower-case letters, digits and single underscores"
            )
        self._check_fields()
        self.columns: tuple[Column, ...] = tuple(column_of(field, cls.__name__) for field in fields_of(cls))
        self.key_index = [column.name for column in self.columns].index(self.key)
        self.indexes = options.indexes
        self._check_indexes()
        self.reductions: dict[type[Event], Reduction] = reductions_of(cls, may_ask_for_recorded=True)
        self._check_keys()
        self.by_name = {reduction.event_type.name: reduction for reduction in self.reductions.values()}
        self.queries = self._collect_queries()
        self.fingerprint = fingerprint(self._parts(options))
        self._inward = [(i, column.to_sql) for i, column in enumerate(self.columns) if column.to_sql]
        self._outward = [(i, column.from_sql) for i, column in enumerate(self.columns) if column.from_sql]

    def __repr__(self) -> str:
        return f"<ViewType {self.name}>"

    def row_to_sql(self, row: View) -> tuple[Any, ...]:
        """Gives a row as its columns keep it."""
        values = msgspec.structs.astuple(row)
        if not self._inward:
            return values
        kept = list(values)
        for index, convert in self._inward:
            kept[index] = convert(kept[index])
        return tuple(kept)

    def row_from_sql(self, values: Iterable[Any]) -> View:
        """Gives the row that was kept in columns."""
        read = list(values)
        for index, convert in self._outward:
            read[index] = convert(read[index])
        return self.cls(*read)

    def key_to_sql(self, key: Any) -> Any:
        """Gives a key as its column keeps it."""
        convert = self.columns[self.key_index].to_sql
        return key if convert is None else convert(key)

    def new_row(self, key: Any) -> View:
        """Gives the row of a key that has none yet."""
        return self.cls(**{self.key: key})

    def _check_fields(self) -> None:
        name = self.cls.__name__
        names = self.cls.__struct_fields__
        if self.key not in names:
            raise DefinitionError(
                f"{name} has no key: declare the field `{self.key}: str`, or name another one: class {name}(View, key=…)"
            )
        for field in msgspec.structs.fields(self.cls):
            is_required = field.default is NODEFAULT and field.default_factory is NODEFAULT
            if is_required and field.name != self.key:
                raise DefinitionError(
                    f"{name}.{field.name} needs a default, for a row whose first event does not fill it"
                )
            if callable(field.default):
                raise DefinitionError(f"{name}.{field.name} is both a field and a method; rename one of them")

    def _check_indexes(self) -> None:
        names = {column.name for column in self.columns}
        for index in self.indexes:
            for column in index:
                if column not in names:
                    raise DefinitionError(
                        f"{self.cls.__name__}: indexes= names {column!r}, and there is no such field"
                    )

    def _check_keys(self) -> None:
        if not self.reductions:
            raise DefinitionError(f"{self.cls.__name__} reduces no event: give it a @reducer")
        for event, reduction in self.reductions.items():
            if isinstance(reduction.key, str) and reduction.key not in event.__struct_fields__:
                raise DefinitionError(
                    f"{self.cls.__name__}: @reducer(key={reduction.key!r}) and {event.__name__} has no such field"
                )

    def _collect_queries(self) -> dict[str, ViewQuery]:
        found = {}
        for name in dir(self.cls):
            handler = inspect.getattr_static(self.cls, name)
            if isinstance(handler, Command):
                raise DefinitionError(
                    f"{self.cls.__name__}.{name}: a view has no commands; it only follows events"
                )
            if isinstance(handler, Query):
                if handler.sql is None:
                    raise DefinitionError(
                        f'{self.cls.__name__}.{name}: a view is asked in SQL: @query("SELECT …")'
                    )
                found[name] = ViewQuery(self.cls.__name__, handler)
        return found

    def _parts(self, options: ViewOptions) -> list[object]:
        parts: list[object] = [options.version, self.key, self.indexes]
        parts += [
            (column.name, str(column.annotation), repr(field.default))
            for column, field in zip(self.columns, fields_of(self.cls), strict=True)
        ]
        for reduction in sorted(self.reductions.values(), key=lambda reduction: reduction.event_type.name):
            parts += event_parts(reduction.event_type)
            parts.append(source_of(reduction.function) if reduction.function else "")
            parts.append(source_of(reduction.key) if callable(reduction.key) else reduction.key)
        return parts


def view_type(cls: type[View]) -> ViewType:
    """Gives what is compiled from a view class, compiling it at the first call."""
    found = cls.__dict__.get("__view_type__")
    if found is None:
        found = cls.__view_type__ = ViewType(cls)
    return found


def shape_of(annotation: Any) -> tuple[Shape, Any]:
    """Says how many rows an answer's annotation allows, and the type of one."""
    origin = get_origin(annotation)
    if origin is list:
        return "rows", get_args(annotation)[0]
    if origin in (Union, UnionType):
        parts = [part for part in get_args(annotation) if part is not NoneType]
        if len(parts) == 1:
            return "row", parts[0]
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        return "value", annotation
    check_serialisable(annotation, f"a query's answer {display(annotation)}")
    return "value", annotation
