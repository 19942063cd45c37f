"""Converts the rows of an answer into what the query is annotated to return."""

from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter
from typing import Any

import msgspec
from msgspec import Struct
from msgspec import inspect as types

from actum.errors import NotFound, Unanswerable
from actum.model.people.personal import Mark, is_forgotten, is_sealed_mark, mark_of
from actum.model.people.sealing import opened_text
from actum.model.signature import display
from actum.model.view import ViewQuery
from actum.ports.database import Answer

Row = tuple[Any, ...]
Reader = Callable[[list[Row]], list[Any]]

MANY = frozenset({"rows", "page"})
KEPT_AS_JSON = (
    types.ListType,
    types.VarTupleType,
    types.TupleType,
    types.SetType,
    types.FrozenSetType,
    types.DictType,
    types.StructType,
)


def read_answer(query: ViewQuery, answer: Answer) -> Any:
    """Returns the rows as the query's annotation says: a list (of a page too), one row or None, or one row.

    Raises NotFound when a row is required and there is none, and Unanswerable when a row does not fit.
    """
    rows = answer.rows
    if query.shape not in MANY and len(rows) != 1:
        if len(rows) > 1:
            raise Unanswerable(
                f"{query.signature.where} returned {len(rows)} rows, but {display(query.answer)} is one row: "
                f"add LIMIT 1, or annotate list[{display(query.item)}]"
            )
        if query.shape == "row":
            return None
        raise NotFound(f"{query.signature.where} found no row")
    try:
        found = _reader(query, answer.columns)(rows)
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        raise Unanswerable(_misfit(query, answer.columns, error)) from error
    return found if query.shape in MANY else found[0]


@lru_cache(maxsize=1_024)
def _reader(query: ViewQuery, columns: tuple[str, ...]) -> Reader:
    if isinstance(query.item, type) and issubclass(query.item, Struct):
        return _struct_reader(query.item, columns)
    # For a single value, both no row and a row that holds NULL give None, unless that is sealed.
    is_sealed = is_sealed_mark(types.type_info(query.item))
    return _scalar_reader(query.answer if query.shape == "row" and not is_sealed else query.item)


def _struct_reader(item: type[Struct], columns: tuple[str, ...]) -> Reader:
    """Reads rows into structs, with one call for all rows, which makes it fast."""
    places = {column.lower(): place for place, column in enumerate(columns)}
    info = types.type_info(item)
    assert isinstance(info, types.StructType)
    found = [(field, places[field.name.lower()]) for field in info.fields if field.name.lower() in places]
    names = tuple(field.encode_name for field, _ in found)
    order = tuple(place for _, place in found)
    decoders = [
        (field.encode_name, _json_decoder(field.type))
        for field, _ in found
        if _is_json(field.type) and not is_sealed_mark(field.type)
    ]
    decoders += [
        (field.encode_name, _forgetting(mark)) for field, _ in found if (mark := mark_of(field.type))
    ]
    pick = None if order == tuple(range(len(columns))) else _picker(order)

    def read(rows: list[Row]) -> list[Any]:
        picked = rows if pick is None else map(pick, rows)
        values = [dict(zip(names, row, strict=True)) for row in picked]
        for name, decode in decoders:
            for value in values:
                value[name] = decode(value[name])
        return msgspec.convert(values, list[item], strict=False)  # type: ignore[valid-type]

    return read


def _scalar_reader(item: Any) -> Reader:
    declared = types.type_info(item)
    decode = _json_decoder(declared) if _is_json(declared) else None
    if (mark := mark_of(declared)) is not None:
        decode = _forgetting(mark, decode)

    def read(rows: list[Row]) -> list[Any]:
        values = [row[0] for row in rows] if decode is None else [decode(row[0]) for row in rows]
        return msgspec.convert(values, list[item], strict=False)

    return read


def _forgetting(mark: Mark, decode: Callable[[Any], Any] | None = None) -> Callable[[Any], Any]:
    """Reads NULL in a personal column as forgotten, and opens a sealed one."""
    if mark.is_sealed:
        return lambda value: mark.forgotten if value is None else opened_text(mark, value)
    if decode is None:
        return lambda value: mark.forgotten if value is None else value
    return lambda value: mark.forgotten if value is None else decode(value)


def _picker(order: tuple[int, ...]) -> Callable[[Row], Row]:
    if len(order) == 1:
        place = order[0]
        return lambda row: (row[place],)
    return itemgetter(*order) if order else lambda row: ()


def _is_json(declared: types.Type) -> bool:
    match declared:
        case types.Metadata():
            return _is_json(declared.type)
        case types.UnionType():
            return any(_is_json(part) for part in declared.types)
        case _:
            return isinstance(declared, KEPT_AS_JSON) and not is_forgotten(declared)


def _json_decoder(declared: types.Type) -> Callable[[Any], Any]:
    """Reads JSON text; what is not text, or need not be JSON, is left to the later conversion."""
    parts = declared.types if isinstance(declared, types.UnionType) else ()
    may_be_text = any(isinstance(part, types.StrType) for part in parts)

    def decode(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError:
            if may_be_text:
                return value
            raise

    return decode


def _misfit(query: ViewQuery, columns: tuple[str, ...], error: Exception) -> str:
    text = str(error)
    # For a Struct, the error text names the field already.
    named = "" if isinstance(query.item, type) and issubclass(query.item, Struct) else f" in {columns[0]}"
    answer = f"list[{display(query.item)}]" if query.shape == "rows" else display(query.answer)
    message = f"{query.signature.where} returns {answer}, but a row does not fit{named}: {text}"
    if "got `null`" in text:
        message += ". Annotate what may be NULL with `| None`, or use coalesce()"
    return message
