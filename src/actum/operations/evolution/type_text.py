"""Types as text, as a lock holds them: `list[Line]`, `int(gt=0)`, `str | None = None`."""

import re
from typing import Any, get_origin

import msgspec
from msgspec import NODEFAULT, UNSET
from msgspec import inspect as types

from actum.model.people.personal import is_owner, mark_of
from actum.operations.evolution.lock import Fields, TypeLock

LIMITS = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern", "tz")
PLAIN: dict[type[types.Type], str] = {
    types.AnyType: "Any",
    types.NoneType: "None",
    types.BoolType: "bool",
    types.IntType: "int",
    types.FloatType: "float",
    types.StrType: "str",
    types.BytesType: "bytes",
    types.ByteArrayType: "bytes",
    types.MemoryViewType: "bytes",
    types.DateTimeType: "datetime",
    types.TimeType: "time",
    types.DateType: "date",
    types.TimeDeltaType: "timedelta",
    types.UUIDType: "UUID",
    types.DecimalType: "Decimal",
    types.RawType: "Raw",
}
COLLECTIONS: dict[type[types.Type], str] = {
    types.ListType: "list[{}]",
    types.SetType: "set[{}]",
    types.FrozenSetType: "frozenset[{}]",
    types.VarTupleType: "tuple[{}, ...]",
}
WITH_FIELDS = (types.StructType, types.DataclassType, types.TypedDictType, types.NamedTupleType)


class TypeTexts:
    """Writes types as text, and collects the classes that they name into `types`."""

    def __init__(self) -> None:
        self.types: dict[str, TypeLock] = {}
        self._names: dict[Any, str] = {}

    def of(self, annotation: Any) -> str:
        """Writes an annotation."""
        return self._text(types.type_info(annotation))

    def fields_of(self, cls: Any) -> Fields:
        """Writes the fields of a struct class, in order."""
        info = types.type_info(cls)
        assert isinstance(info, types.StructType)
        return self._fields(info.fields)

    def describe(self, cls: Any) -> TypeLock:
        """Describes a struct class without giving it a name."""
        return self._class(types.type_info(cls))

    def _text(self, node: types.Type) -> str:
        plain = PLAIN.get(type(node))
        if plain is not None:
            return plain + _limits(node)
        match node:
            case types.Metadata():
                text = self._marked(node)
            case types.UnionType():
                found = {self._text(part) for part in node.types}
                text = " | ".join(sorted(found, key=lambda one: (one == "None", one)))
            case types.LiteralType():
                text = f"Literal[{', '.join(sorted(map(repr, node.values)))}]"
            case types.TupleType():
                text = f"tuple[{', '.join(map(self._text, node.item_types)) or '()'}]"
            case types.DictType():
                text = f"dict[{self._text(node.key_type)}, {self._text(node.value_type)}]{_limits(node)}"
            case types.CollectionType():
                text = COLLECTIONS[type(node)].format(self._text(node.item_type)) + _limits(node)
            case _:
                text = self._named(node)
        return text

    def _marked(self, node: types.Metadata) -> str:
        mark = mark_of(node)
        if mark is not None:
            return f"Personal[{self.of(mark.annotation)}]"
        return "PersonId" if is_owner(node) else self._text(node.type)

    def _named(self, node: Any) -> str:
        cls = node.cls
        if cls not in self._names:
            name = self._names[cls] = self._new_name(cls)
            # Before its fields are written, which may be of the class itself.
            self.types[name] = TypeLock()
            self.types[name] = self._class(node)
        return self._names[cls]

    def _new_name(self, cls: Any) -> str:
        origin = get_origin(cls)
        text = cls.__name__ if origin is None else str(cls).rpartition(".")[2]
        name = wanted = re.sub(r"\W+", "_", text).strip("_")
        number = 1
        while name in self.types or name in RESERVED:
            number += 1
            name = f"{wanted}_{number}"
        return name

    def _class(self, node: Any) -> TypeLock:
        if isinstance(node, types.EnumType):
            values = sorted(
                (member.value for member in node.cls), key=lambda value: (str(type(value)), value)
            )
            return TypeLock(sort="enum", values=values)
        if not isinstance(node, WITH_FIELDS):
            return TypeLock(sort="custom")
        is_array = isinstance(node, types.NamedTupleType) or getattr(node, "array_like", False)
        return TypeLock(
            sort="array" if is_array else "object",
            fields=self._fields(node.fields),
            tag=getattr(node, "tag", None),
            tag_field=getattr(node, "tag_field", None),
            # A named tuple has one length.
            forbids_unknown=isinstance(node, types.NamedTupleType)
            or getattr(node, "forbid_unknown_fields", False),
        )

    def _fields(self, fields: tuple[types.Field, ...]) -> Fields:
        return {field.encode_name: self._text(field.type) + _default(field) for field in fields}


RESERVED = frozenset(
    {*PLAIN.values(), "list", "set", "frozenset", "tuple", "dict", "Literal", "Personal", "PersonId"}
)
"""What no class may be called in a lock, because it means something else there."""


def _limits(node: types.Type) -> str:
    found = [(name, getattr(node, name, None)) for name in LIMITS]
    text = ", ".join(f"{name}={value!r}" for name, value in found if value is not None)
    return f"({text})" if text else ""


def _default(field: types.Field) -> str:
    if field.required:
        return ""
    value = field.default if field.default_factory is NODEFAULT else field.default_factory()
    if value is NODEFAULT or value is UNSET:
        return " = ..."
    try:
        return f" = {msgspec.to_builtins(value, str_keys=True)!r}"
    except (TypeError, ValueError, msgspec.MsgspecError):
        return " = ..."
