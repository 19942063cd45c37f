"""Fitting: whether everything that is written of one type can be read as another."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from actum.operations.evolution.limits import ARRAYS, broken_limits, keeps_limit, limits_of
from actum.operations.evolution.lock import LockError, TypeLock
from actum.operations.evolution.shapes import UNION, FieldShape, Shape, read_field

TEXTS = frozenset({"str", "bytes", "datetime", "time", "date", "timedelta", "UUID", "Decimal", "PersonId"})
"""What JSON writes as a string."""
PLAIN = TEXTS | ARRAYS | {"None", "bool", "int", "float", "dict", "Literal", "Any", "Raw", "Personal", UNION}
READS: dict[str, frozenset[str]] = {
    "str": TEXTS,
    "PersonId": TEXTS,
    "float": frozenset({"float", "int"}),
    "Decimal": frozenset({"Decimal", "float", "int"}),
}
"""Which plain types can be read as another; one that is not listed is read as itself alone."""
ANYTHING = frozenset({"Any", "Raw"})

Types = Mapping[str, TypeLock]


class Gap(Struct, frozen=True):
    """What may have been written and cannot be read: where, and why."""

    path: str
    why: str


class Fit:
    """Compares what is written with the `written` classes to what is read with the `read` ones."""

    def __init__(self, written: Types, read: Types) -> None:
        self._written = written
        self._read = read
        self._compared: set[tuple[str, str]] = set()

    def gaps(self, old: Shape, new: Shape, path: str = "") -> list[Gap]:
        """Gives what is written as `old` and cannot be read as `new`."""
        if new.name in ANYTHING:
            return []
        if old.name in ANYTHING:
            return [Gap(path, f"it may hold anything, and is read as {new.text}")]
        return self._typed(old, new, path)

    def between(self, old: TypeLock, new: TypeLock, path: str = "", *, is_choice: bool = False) -> list[Gap]:
        """Gives what is written of one class and cannot be read as another; `is_choice` within a union."""
        if "custom" in (old.sort, new.sort):
            return []
        if old.sort != new.sort:
            return [Gap(path, f"it was written as an {old.sort}, and is read as an {new.sort}")]
        if why := _tag_fault(old, new, is_choice=is_choice):
            return [Gap(path, why)]
        return self._by_position(old, new, path) if new.sort == "array" else self._by_name(old, new, path)

    def fields(self, old: FieldShape | None, new: FieldShape | None, name: str, path: str = "") -> list[Gap]:
        """Gives what cannot be read of one field; None where it is not declared."""
        where = f"{path}.{name}" if path else name
        if new is None:
            return []
        if old is None:
            return [Gap(where, "it is not in what was written")] if new.is_needed else []
        found = self.gaps(old.shape, new.shape, where)
        if old.default == "..." and new.is_needed:
            found.append(Gap(where, "it may be left out of what was written"))
        return found

    # What follows is how.

    def _typed(self, old: Shape, new: Shape, path: str) -> list[Gap]:
        if "Personal" in (old.name, new.name):
            return self._personal(old, new, path)
        if old.name == UNION:
            return [gap for part in old.parts for gap in self.gaps(part, new, path)]
        if new.name == UNION:
            values = self._values(old, self._written)
            each = [old] if values is None else [Shape("Literal", values=(value,)) for value in values]
            return [gap for one in each for gap in self._among(one, new, path)]
        is_plain = {old.name, new.name} <= PLAIN and "Literal" not in (old.name, new.name)
        return self._plain(old, new, path) if is_plain else self._named(old, new, path)

    def _by_name(self, old: TypeLock, new: TypeLock, path: str) -> list[Gap]:
        before, after = shapes_of(old), shapes_of(new)
        found = [gap for name in after for gap in self.fields(before.get(name), after[name], name, path)]
        if new.forbids_unknown:
            found += [
                Gap(f"{path}.{name}" if path else name, "it was written, and is refused as unknown")
                for name in [*before, *([old.tag_field] if old.tag_field and not new.tag_field else [])]
                if name not in after
            ]
        return found

    def _by_position(self, old: TypeLock, new: TypeLock, path: str) -> list[Gap]:
        before, after = list(shapes_of(old).items()), list(shapes_of(new).items())
        found = []
        for place, (name, field) in enumerate(after):
            found += self.fields(before[place][1] if place < len(before) else None, field, name, path)
        if new.forbids_unknown and len(before) > len(after):
            found.append(Gap(path, f"{len(before)} values were written, and {len(after)} are read"))
        return found

    def _personal(self, old: Shape, new: Shape, path: str) -> list[Gap]:
        if old.name == new.name:
            return self.gaps(old.parts[0], new.parts[0], path)
        if new.name == "Personal":
            return self.gaps(old, new.parts[0], path)
        return [Gap(path, "it was written sealed, and is read without its key")]

    def _among(self, old: Shape, new: Shape, path: str) -> list[Gap]:
        found = []
        for part in new.parts:
            gaps = self._member(old, part, path)
            if not gaps:
                return []
            if part.name == old.name:
                found = gaps
        return found or [Gap(path, f"{old.text} is written, and none of {new.text} reads it")]

    def _member(self, old: Shape, part: Shape, path: str) -> list[Gap]:
        before, after = self._written.get(old.name), self._read.get(part.name)
        if before is not None and after is not None and "enum" not in (before.sort, after.sort):
            return self._classes(old.name, part.name, path, is_choice=after.tag is not None)
        return self.gaps(old, part, path)

    def _named(self, old: Shape, new: Shape, path: str) -> list[Gap]:
        before, after = self._values(old, self._written), self._values(new, self._read)
        if after is not None:
            if before is None:
                return [Gap(path, f"{old.text} is written, and only {_shown(after)} can be read")]
            lost = [value for value in before if not _has(after, value)]
            return [Gap(path, f"{_shown(lost)} may have been written, and is not read")] if lost else []
        if before is not None:
            return [gap for value in before for gap in self._value(value, new, path)]
        return self._composed(old, new, path)

    def _value(self, value: Any, new: Shape, path: str) -> list[Gap]:
        found = self.gaps(_shape_of(value), Shape(new.name, new.parts), path)
        broken = [
            name for name, limit in new.limits.items() if not found and not keeps_limit(value, name, limit)
        ]
        return found + [Gap(path, f"{value!r} may have been written, and breaks {name}") for name in broken]

    def _composed(self, old: Shape, new: Shape, path: str) -> list[Gap]:
        if old.name not in PLAIN and new.name not in PLAIN:
            return self._classes(old.name, new.name, path)
        before, after = self._written.get(old.name), self._read.get(new.name)
        if before is not None and before.sort == "array" and new.name in ARRAYS:
            return self._plain(_as_tuple(before), new, path)
        if after is not None and after.sort == "array" and old.name in ARRAYS:
            return self._as_array(old, after, path)
        if old.name not in PLAIN and new.name == "dict":
            written = _type(self._written, old.name)
            if written.sort == "object":
                shapes = shapes_of(written).items()
                return [
                    gap
                    for name, one in shapes
                    for gap in self.gaps(one.shape, new.parts[1], f"{path}.{name}")
                ]
        return [Gap(path, f"{old.text} is written, and {new.text} is read")]

    def _as_array(self, old: Shape, new: TypeLock, path: str) -> list[Gap]:
        """Compares an array with a class whose fields are read by position."""
        parts, fields = list(old.parts), shapes_of(new)
        if old.name != "tuple":
            needed = sum(field.is_needed for field in fields.values())
            if new.forbids_unknown or limits_of(old).get("min_length", 0) < needed:
                return [Gap(path, f"{old.text} is written, and {len(fields)} values are read")]
            parts = parts * len(fields)
        written = TypeLock(sort="array", fields={str(place): part.text for place, part in enumerate(parts)})
        return self.between(written, new, path)

    def _classes(self, old: str, new: str, path: str, *, is_choice: bool = False) -> list[Gap]:
        pair = (old, new)
        if pair in self._compared:
            return []
        # A class that holds itself is compared once.
        self._compared.add(pair)
        try:
            before, after = _type(self._written, old), _type(self._read, new)
            return self.between(before, after, path, is_choice=is_choice)
        finally:
            self._compared.discard(pair)

    def _values(self, shape: Shape, of: Types) -> tuple[Any, ...] | None:
        """The values of a Literal or an enum; None of other types."""
        if shape.name == "Literal":
            return shape.values
        if shape.name in PLAIN:
            return None
        found = _type(of, shape.name)
        return tuple(found.values) if found.sort == "enum" else None

    def _plain(self, old: Shape, new: Shape, path: str) -> list[Gap]:
        if old.name in ARRAYS and new.name in ARRAYS:
            return self._arrays(old, new, path)
        if old.name not in READS.get(new.name, frozenset({new.name})):
            return [Gap(path, f"{old.text} is written, and {new.text} is read")]
        found = _limited(old, new, path)
        if new.name == "dict":
            # JSON writes every key as text.
            if new.parts[0] != Shape("str"):
                found += self.gaps(old.parts[0], new.parts[0], f"{path}[key]")
            found += self.gaps(old.parts[1], new.parts[1], f"{path}[value]")
        return found

    def _arrays(self, old: Shape, new: Shape, path: str) -> list[Gap]:
        found = _limited(old, new, path)
        if new.name == "tuple":
            if old.name != "tuple" or len(old.parts) != len(new.parts):
                return [
                    Gap(
                        path,
                        f"{old.text} is written, and {new.text} is read, which has {len(new.parts)} items",
                    )
                ]
            pairs = zip(old.parts, new.parts, strict=True)
            return [gap for one, other in pairs for gap in self.gaps(one, other, f"{path}[]")]
        return found + [gap for part in old.parts for gap in self.gaps(part, new.parts[0], f"{path}[]")]


def shapes_of(declared: TypeLock) -> dict[str, FieldShape]:
    """Reads the fields of a class."""
    return {name: read_field(text) for name, text in declared.fields.items()}


def _limited(old: Shape, new: Shape, path: str) -> list[Gap]:
    return [Gap(path, f"it may not keep the limit {limit}") for limit in broken_limits(old, new)]


def _as_tuple(declared: TypeLock) -> Shape:
    tag = () if declared.tag is None else (Shape("Literal", values=(declared.tag,)),)
    return Shape("tuple", (*tag, *(field.shape for field in shapes_of(declared).values())))


def _type(of: Types, name: str) -> TypeLock:
    found = of.get(name)
    if found is None:
        raise LockError(f"the lock file names a type {name!r} that it does not have: restore it")
    return found


def _shape_of(value: Any) -> Shape:
    return Shape("None" if value is None else type(value).__name__)


def _has(values: tuple[Any, ...], value: Any) -> bool:
    return any(one == value and type(one) is type(value) for one in values)


def _shown(values: Any) -> str:
    return ", ".join(map(repr, values))


def _tag_fault(old: TypeLock, new: TypeLock, *, is_choice: bool) -> str:
    """Says what is wrong with the tag under which a class was written; "" if nothing."""
    if new.tag is None:
        is_shifted = new.sort == "array" and old.tag is not None
        return f"its first value is the tag {old.tag!r}, which is not expected" if is_shifted else ""
    if (new.tag, new.tag_field) == (old.tag, old.tag_field):
        return ""
    if old.tag is not None and old.tag_field == new.tag_field:
        return f"it was written with the tag {old.tag!r}, and {new.tag!r} is read"
    if is_choice or old.sort == "array":
        return f"it was written without the tag {new.tag!r} in {new.tag_field!r}"
    return ""
