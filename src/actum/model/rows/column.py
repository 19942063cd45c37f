"""Columns: how a field of a view is stored in SQL, and how its values are converted both ways."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec import inspect as types

from actum.errors import DefinitionError, Invalid
from actum.model.entity import Field
from actum.model.name import SURROGATE
from actum.model.people.personal import Forgotten, Mark, is_forgotten, is_sealed_mark, mark_of
from actum.model.people.sealing import opened_text
from actum.model.people.walking import has_personal
from actum.model.rows.json_text import json_to_sql
from actum.model.values.number_enum import Enums, number_enums
from actum.model.values.round_trip import parts_of

Kind = Literal["text", "integer", "real", "boolean", "blob", "time", "json", "decimal"]
Convert = Callable[[Any], Any]
LARGEST = 2**63
MAX_DIGITS = 1_000
"""Of a Decimal, on each side of its point."""

KINDS: dict[type[types.Type], Kind] = {
    types.StrType: "text",
    types.IntType: "integer",
    types.FloatType: "real",
    types.BoolType: "boolean",
    types.BytesType: "blob",
    types.DateTimeType: "time",
    types.DateType: "text",
    types.TimeType: "text",
    types.UUIDType: "text",
    types.DecimalType: "decimal",
    types.ListType: "json",
    types.VarTupleType: "json",
    types.TupleType: "json",
    types.SetType: "json",
    types.FrozenSetType: "json",
    types.DictType: "json",
    types.StructType: "json",
}


class Column(Struct, frozen=True):
    """One column: its name, how it is stored, and the two conversions (None: the value is stored unchanged).

    `enums` are the enums of numbers whose members it may hold. A `plain` column holds Python's text or
    integers, which its conversion returns unchanged or refuses. A `sealed` one is of a type that is sealed
    before it is stored; its conversions write and read JSON, sealed or not.
    """

    name: str
    annotation: Any
    kind: Kind
    is_nullable: bool
    to_sql: Convert | None
    from_sql: Convert | None
    enums: Enums = frozenset()
    plain: Literal["text", "integer"] | None = None
    sealed: Mark | None = None


def column_of(field: Field, where: str) -> Column:
    """Decides how a field is stored, or raises DefinitionError if no SQL type can hold it."""
    mark = mark_of(field.type)
    if mark is not None:
        return (_sealed_column if mark.is_sealed else _personal_column)(field, mark, where)
    if any(is_sealed_mark(part) for part in parts_of(field.type)):
        raise DefinitionError(
            f"{where}.{field.name} has Sealed within {field.annotation}, and only whole columns are sealed: "
            "write Sealed[…] round the type of the column, or Personal inside it"
        )
    kind, is_nullable = kind_of(field.type)
    if is_nullable and has_personal(field.type) and kind != "json":
        raise _refused_optional(field, where)
    if kind is None:
        raise DefinitionError(
            f"{where}.{field.name} has the type {field.annotation}, which has no column: use str, int, "
            "float, bool, bytes, datetime, date, time, UUID, Decimal, an Enum, or a list, dict or Struct "
            "of them (kept as JSON)"
        )
    return Column(
        field.name,
        field.annotation,
        kind,
        is_nullable,
        _to_sql(field.annotation, kind, field.type),
        _from_sql(field.annotation, kind, field.type),
        number_enums(field.annotation) if kind == "integer" else frozenset(),
        _plain_kind(field.type),
    )


def _personal_column(field: Field, mark: Mark, where: str) -> Column:
    """Returns the column of a personal value: plain text for SQL, and NULL once it is forgotten."""
    inner = column_of(
        Field(field.name, mark.annotation, types.type_info(mark.annotation), field.default), where
    )
    if inner.is_nullable:
        raise _refused_optional(field, where)
    forgotten, to_sql, from_sql = mark.forgotten, inner.to_sql, inner.from_sql

    def write(value: Any) -> Any:
        if isinstance(value, Forgotten):
            return None
        return value if to_sql is None else to_sql(value)

    def read(value: Any) -> Any:
        if value is None:
            return forgotten
        return value if from_sql is None else from_sql(value)

    return Column(field.name, field.annotation, inner.kind, True, write, read, inner.enums)


def _sealed_column(field: Field, mark: Mark, where: str) -> Column:
    """Returns the column of a value that is sealed before it is stored, and NULL once it is forgotten."""
    _personal_column(field, mark, where)  # Refuses the types that have no column.
    to_json = json_to_sql(mark.annotation)

    def write(value: Any) -> Any:
        return None if isinstance(value, Forgotten) else to_json(value)

    return Column(
        field.name,
        field.annotation,
        "text",
        True,
        write,
        lambda value: mark.forgotten if value is None else opened_text(mark, value),
        sealed=mark,
    )


def _refused_optional(field: Field, where: str) -> DefinitionError:
    return DefinitionError(
        f"{where}.{field.name} is Personal and may be None, but in its column NULL says that the value is "
        'forgotten: leave None out, and use a default of the type, as in `email: Personal[str] = ""`'
    )


def kind_of(declared: types.Type) -> tuple[Kind | None, bool]:
    """Returns the kind of column for a type, and whether it may be NULL."""
    match declared:
        case types.Metadata():
            return kind_of(declared.type)
        case types.UnionType():
            parts = [part for part in declared.types if not _is_null(part)]
            kinds: set[Kind | None] = {kind_of(part)[0] for part in parts}
            return (kinds.pop() if len(kinds) == 1 else None), len(parts) < len(declared.types)
        case types.EnumType():
            return _kind_of_values([member.value for member in declared.cls]), False
        case types.LiteralType():
            values = [value for value in declared.values if value is not None]
            return _kind_of_values(values), len(values) < len(declared.values)
        case _:
            return KINDS.get(type(declared)), False


def _is_null(part: types.Type) -> bool:
    """Whether a part of a union is NULL in SQL: None, or a value that is forgotten."""
    return isinstance(part, types.NoneType) or is_forgotten(part)


def may_be_key(column: Column) -> bool:
    """Whether equal values of a column are always written the same, so that they can identify rows."""
    return not column.is_nullable and column.kind in ("text", "integer", "blob", "time", "decimal")


def time_to_sql(moment: datetime) -> str:
    """Writes a time in UTC with six digits, so that text compares as time does."""
    if moment.tzinfo is None:
        raise Invalid(f"{moment!r} has no time zone: give it one, for example tzinfo=timezone.utc")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def parameter_to_sql(value: Any) -> Any:
    """Writes a query's argument as the columns that it is compared with are written."""
    if isinstance(value, datetime):
        return time_to_sql(value)
    if isinstance(value, (str, int, float, bytes)) or value is None:
        return value
    plain = msgspec.to_builtins(value)
    return plain if isinstance(plain, (str, int, float)) else msgspec.json.encode(plain).decode()


def settled_decimal(value: Decimal) -> Decimal:
    """Returns the same number without a positive exponent, which no server keeps, and without a sign on zero.

    Raises ValueError for what no column can hold.
    """
    if not value.is_finite():
        raise ValueError(f"{value} is not a number that SQL can compare; use None where there is none")
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    if max(len(digits) + exponent, 0) > MAX_DIGITS or -exponent > MAX_DIGITS:
        raise ValueError(f"a Decimal has at most {MAX_DIGITS:,} digits before the point and as many after it")
    if exponent > 0:
        value = Decimal(f"{value:f}")
    return value if value else value.copy_abs()


def decimal_to_sql(value: Decimal) -> str:
    """Writes a Decimal in decimal notation, with every digit."""
    return f"{settled_decimal(value):f}"


def check_text(value: str) -> str:
    """Returns a text; raises ValueError for one that not every database can hold."""
    if "\0" in value or not (value.isascii() or SURROGATE.search(value) is None):
        raise ValueError(
            "it has NUL or half of a surrogate pair, which not every database can hold; leave it out"
        )
    return value


def _integer_to_sql(value: Any) -> int:
    if isinstance(value, Enum):
        value = value.value
    if not -LARGEST <= value < LARGEST:
        raise ValueError(f"{value} does not fit a 64-bit column; keep it as str")
    return int(value)


def _real_to_sql(value: float) -> float:
    if value != value:  # noqa: PLR0124  (only NaN differs from itself)
        raise ValueError("SQL would turn NaN into NULL; use None where there is none")
    return value


def _optional(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


SCALARS: dict[Kind, Convert] = {
    "time": time_to_sql,
    "decimal": decimal_to_sql,
    "integer": _integer_to_sql,
    "real": _real_to_sql,
}


def _to_sql(annotation: Any, kind: Kind, declared: types.Type) -> Convert | None:
    if kind in SCALARS:
        return _optional(SCALARS[kind])
    if kind == "json":
        return _optional(json_to_sql(annotation))
    if kind == "text":
        return _optional(check_text if _plain_kind(declared) else msgspec.to_builtins)
    return None


def _from_sql(annotation: Any, kind: Kind, declared: types.Type) -> Convert | None:
    match kind:
        case "json":
            decode = msgspec.json.Decoder(annotation).decode
            return lambda value: None if value is None else decode(value)
        case "time" | "boolean":
            return lambda value: msgspec.convert(value, annotation, strict=False)
        case "text" | "decimal" if not _is_plain(declared, types.StrType):
            return lambda value: msgspec.convert(value, annotation)
        case "integer" if not _is_plain(declared, types.IntType):
            return lambda value: msgspec.convert(value, annotation)
        case _:
            return None


def _is_plain(declared: types.Type, kind: type[types.Type]) -> bool:
    if isinstance(declared, types.UnionType):
        return all(isinstance(part, (kind, types.NoneType)) for part in declared.types)
    return isinstance(declared, kind)


def _plain_kind(declared: types.Type) -> Literal["text", "integer"] | None:
    match declared:
        case types.Metadata():
            return _plain_kind(declared.type)
        case types.UnionType():
            found: set[Literal["text", "integer"] | None] = {
                _plain_kind(part) for part in declared.types if not isinstance(part, types.NoneType)
            }
            return found.pop() if len(found) == 1 else None
        case types.StrType():
            return "text"
        case types.IntType():
            return "integer"
        case _:
            return None


def _kind_of_values(values: list[Any]) -> Kind | None:
    if all(isinstance(value, str) for value in values):
        return "text"
    return "integer" if all(isinstance(value, int) for value in values) else None
