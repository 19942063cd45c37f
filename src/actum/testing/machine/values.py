"""Random values of an annotation, as hypothesis makes them: those that msgspec would accept for it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
from hypothesis import reject
from hypothesis import strategies as st
from msgspec import inspect as types

from actum.model.people.personal import Forgotten

Values = st.SearchStrategy[Any]

LOWEST, HIGHEST = -(2**63), 2**63 - 1
MAX_ITEMS = 5
"""The most items of a collection that sets no limit itself."""
ZONES = (UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8)))
EARLIEST, LATEST = datetime(1900, 1, 1), datetime(2200, 1, 1)  # noqa: DTZ001 (the zone is drawn)
MAX_SPAN = timedelta(days=36_500)
CHARACTERS: Values = st.characters(exclude_categories=["Cs"])
"""Every character that JSON can hold: all but halves of surrogate pairs."""


def values_of(annotation: Any) -> Values:
    """Gives the values of an annotation: within the bounds of its Meta, and such as JSON preserves.

    Times have a zone unless the annotation says `Meta(tz=False)`, numbers are finite, and integers have at
    most 64 bits.
    """
    return _Known().of(types.type_info(annotation))


class _Known:
    """The strategies of the classes met so far, which may contain themselves."""

    def __init__(self) -> None:
        self._by_class: dict[Any, Values] = {}

    def of(self, kind: types.Type) -> Values:
        make = MAKERS.get(type(kind))
        if make is not None:
            return make(kind)
        match kind:
            case types.Metadata():
                return self.of(kind.type)
            case types.UnionType():
                parts = [part for part in kind.types if not _is_forgotten(part)]
                return st.one_of([self.of(part) for part in parts])
            case types.CollectionType() | types.TupleType() | types.DictType():
                return self._collection(kind)
            case types.CustomType():
                return st.from_type(kind.cls)
            case _:
                return self._object(kind)

    def _collection(self, kind: Any) -> Values:
        match kind:
            case types.TupleType():
                return st.tuples(*map(self.of, kind.item_types))
            case types.DictType():
                return st.dictionaries(self.of(kind.key_type), self.of(kind.value_type), **_lengths(kind))
            case types.SetType():
                return st.sets(self.of(kind.item_type), **_lengths(kind))
            case types.FrozenSetType():
                return st.frozensets(self.of(kind.item_type), **_lengths(kind))
            case _:
                items = st.lists(self.of(kind.item_type), **_lengths(kind))
                return items.map(tuple) if isinstance(kind, types.VarTupleType) else items

    def _object(self, kind: Any) -> Values:
        """Gives the objects of a class with fields: a Struct, a dataclass, a NamedTuple or a TypedDict."""
        cls = getattr(kind, "cls", None)
        if cls is None or not hasattr(kind, "fields"):
            raise TypeError(f"there are no random values of {kind!r}: give some, by arguments=")
        if cls not in self._by_class:
            # Deferred first: one of its fields may have its own class.
            self._by_class[cls] = st.deferred(lambda: made)
            made = self._of_fields(kind, cls)
            self._by_class[cls] = made
        return self._by_class[cls]

    def _of_fields(self, kind: Any, cls: Any) -> Values:
        fields = {field.name: self.of(field.type) for field in kind.fields}
        optional = {field.name for field in kind.fields if not field.required}
        given = st.fixed_dictionaries(
            {name: values for name, values in fields.items() if name not in optional},
            optional={name: values for name, values in fields.items() if name in optional},
        )
        return given if isinstance(kind, types.TypedDictType) else given.map(_built(cls))


def _built(cls: Any) -> Callable[[Mapping[str, Any]], Any]:
    def build(fields: Mapping[str, Any]) -> Any:
        try:
            return cls(**fields)
        except (TypeError, ValueError):
            reject()  # Its own __post_init__ refuses such values.

    return build


def _integers(kind: Any) -> Values:
    low = LOWEST if kind.ge is None else kind.ge
    high = HIGHEST if kind.le is None else kind.le
    low = low if kind.gt is None else max(low, kind.gt + 1)
    high = high if kind.lt is None else min(high, kind.lt - 1)
    step = kind.multiple_of
    if step is None:
        return st.integers(low, high)
    return st.integers(-(-low // step), high // step).map(lambda number: number * step)


def _floats(kind: Any) -> Values:
    low, high = (kind.gt if kind.ge is None else kind.ge), (kind.lt if kind.le is None else kind.le)
    if kind.multiple_of is not None:
        # In floating point few multiples are exact: whole numbers of steps are.
        bound = st.integers(-1_000_000, 1_000_000).map(lambda number: number * float(kind.multiple_of))
        return bound.filter(lambda value: _is_within(kind, value))
    return st.floats(
        low,
        high,
        allow_nan=False,
        allow_infinity=False,
        exclude_min=kind.ge is None and kind.gt is not None,
        exclude_max=kind.le is None and kind.lt is not None,
    ).filter(lambda value: _is_within(kind, value))


def _is_within(kind: Any, value: float) -> bool:
    return (
        (kind.ge is None or value >= kind.ge)
        and (kind.gt is None or value > kind.gt)
        and (kind.le is None or value <= kind.le)
        and (kind.lt is None or value < kind.lt)
    )


def _texts(kind: Any) -> Values:
    least, most = kind.min_length or 0, kind.max_length
    if kind.pattern is None:
        return st.text(CHARACTERS, min_size=least, max_size=most)
    found = st.from_regex(kind.pattern, alphabet=st.characters(exclude_categories=["Cs"]))
    return found.filter(lambda text: least <= len(text) and (most is None or len(text) <= most))


def _bytes(kind: Any) -> Values:
    made = {types.ByteArrayType: bytearray, types.MemoryViewType: memoryview}.get(type(kind), bytes)
    return st.binary(min_size=kind.min_length or 0, max_size=kind.max_length).map(made)


def _datetimes(kind: Any) -> Values:
    zones = st.none() if kind.tz is False else st.sampled_from(ZONES)
    return st.datetimes(EARLIEST, LATEST, timezones=zones)


def _times(kind: Any) -> Values:
    return st.times(timezones=st.sampled_from(ZONES)) if kind.tz else st.times()


def _lengths(kind: Any) -> dict[str, Any]:
    least, most = kind.min_length or 0, kind.max_length
    return {"min_size": least, "max_size": max(least, MAX_ITEMS) if most is None else most}


def _is_forgotten(kind: types.Type) -> bool:
    """Whether a type is what is read in place of a personal value whose key was destroyed."""
    cls = getattr(kind, "cls", None)
    return isinstance(cls, type) and issubclass(cls, Forgotten)


MAKERS: dict[type[types.Type], Callable[[Any], Values]] = {
    types.NoneType: lambda _: st.none(),
    types.BoolType: lambda _: st.booleans(),
    types.IntType: _integers,
    types.FloatType: _floats,
    types.StrType: _texts,
    types.BytesType: _bytes,
    types.ByteArrayType: _bytes,
    types.MemoryViewType: _bytes,
    types.DateTimeType: _datetimes,
    types.TimeType: _times,
    types.DateType: lambda _: st.dates(),
    types.TimeDeltaType: lambda _: st.timedeltas(-MAX_SPAN, MAX_SPAN),
    types.UUIDType: lambda _: st.uuids(),
    types.DecimalType: lambda _: st.decimals(-(10**12), 10**12, places=6),
    types.EnumType: lambda kind: st.sampled_from(list(kind.cls)),
    types.LiteralType: lambda kind: st.sampled_from(kind.values),
    types.RawType: lambda _: st.just(msgspec.Raw(b"null")),
    types.AnyType: lambda _: st.none() | st.booleans() | st.integers(LOWEST, HIGHEST) | st.text(CHARACTERS),
}
"""What makes the values of each type that contains no others."""
