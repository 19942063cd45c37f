"""Checks that what a query selects fits the annotation of its answer."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import NODEFAULT, Struct, structs
from msgspec import inspect as types
from sqlglot import exp

from actum.errors import DefinitionError
from actum.model.people.personal import is_sealed_mark
from actum.model.signature import display
from actum.model.view import ViewQuery
from actum.queries.sql.kinds import QueryKind
from actum.queries.sql.reading import Query

ANYTHING = frozenset({"text", "integer", "real", "decimal", "boolean", "blob", "time", "date", "json"})
ACCEPTED: dict[type[types.Type], frozenset[str]] = {
    types.StrType: frozenset({"text", "time", "date", "json", "decimal"}),
    types.IntType: frozenset({"integer", "boolean"}),
    types.FloatType: frozenset({"real", "integer", "decimal"}),
    types.BoolType: frozenset({"boolean", "integer"}),
    types.BytesType: frozenset({"blob"}),
    types.DateTimeType: frozenset({"time", "text"}),
    types.DateType: frozenset({"date", "text"}),
    types.TimeType: frozenset({"text"}),
    types.TimeDeltaType: frozenset({"text", "integer", "real"}),
    types.UUIDType: frozenset({"text"}),
    types.DecimalType: frozenset({"decimal", "text", "integer", "real"}),
    types.NoneType: frozenset(),
    **dict.fromkeys(
        (
            types.ListType,
            types.VarTupleType,
            types.TupleType,
            types.SetType,
            types.FrozenSetType,
            types.DictType,
            types.StructType,
        ),
        frozenset({"json", "text"}),
    ),
}
# These functions may return a whole number, although their kind is real.
UNCERTAIN = (exp.Round, exp.Ceil, exp.Floor)


def check_answer(
    where: str,
    query: ViewQuery,
    found: Query,
    kinds: Sequence[QueryKind],
    sealed: frozenset[int] = frozenset(),
) -> None:
    """Compares what is selected, and the kinds of its columns, to the annotation; `sealed` are places."""
    first = next(_branches(found.qualified))
    if isinstance(query.item, type) and issubclass(query.item, Struct):
        names = [name.lower() for name in first.named_selects]
        _check_names(where, query.item, next(_branches(found.written)), names)
        fields = {field.name.lower(): field for field in structs.fields(query.item)}
        targets = [(fields[name].name, fields[name].type) if name in fields else None for name in names]
    else:
        count = len(first.selects)
        if count != 1:
            raise DefinitionError(
                f"{where} is annotated {display(query.item)}, one column, but its SQL selects {count}: "
                "select one, or declare a Struct with a field for each column"
            )
        targets = [("the answer", query.item)]
    for place, (target, selected, kind) in enumerate(zip(targets, first.selects, kinds, strict=False)):
        if target is not None and not _is_sealed_alike(where, *target, selected, place in sealed):
            _check_type(where, *target, selected, kind)


def _is_sealed_alike(where: str, name: str, annotation: Any, selected: exp.Expr, is_sealed: bool) -> bool:  # noqa: FBT001
    """Returns whether a sealed column is selected into what is annotated so; raises if one of them is not."""
    declared = types.type_info(annotation)
    if is_sealed_mark(declared) == is_sealed:
        return is_sealed
    text = selected.unalias().sql("sqlite")
    if is_sealed:
        raise DefinitionError(
            f"{where}: {name} is annotated {display(annotation)}, but {text} is Sealed: annotate it as the "
            "view does, for example Sealed[str]"
        )
    raise DefinitionError(
        f"{where}: {name} is annotated as Sealed, but {text} is not: annotate it as its column is, for "
        "example Personal[str]"
    )


def _branches(query: exp.Expr) -> Iterator[exp.Select]:
    """Returns the SELECTs of a union, from left to right."""
    if isinstance(query, exp.SetOperation):
        yield from _branches(query.left)
        yield from _branches(query.right)
    elif isinstance(query, exp.Subquery):
        yield from _branches(query.this)
    elif isinstance(query, exp.Select):
        yield query


def _check_names(where: str, item: type[Struct], written: exp.Select, names: list[str]) -> None:
    fields = {field.name.lower(): field for field in structs.fields(item)}
    for selected in written.selects:
        if selected.is_star:
            continue
        if not isinstance(selected, exp.Alias | exp.Column):
            text = selected.sql("sqlite")
            raise DefinitionError(
                f"{where}: {text} has no name: write {text} AS, followed by a field of {display(item)}"
            )
        if selected.alias_or_name.lower() not in fields:
            raise DefinitionError(
                f"{where} selects {selected.alias_or_name!r}, but {display(item)} has no such field: "
                f"it has {', '.join(item.__struct_fields__)}. Add the field, or name it with AS"
            )
    for name, field in fields.items():
        if names.count(name) > 1:
            raise DefinitionError(f"{where} selects {field.name!r} twice: rename one of them with AS")
        is_required = field.default is NODEFAULT and field.default_factory is NODEFAULT
        if is_required and name not in names:
            raise DefinitionError(
                f"{where} does not select {field.name!r}, which {display(item)} needs: "
                "select it, or give the field a default"
            )


def _check_type(where: str, name: str, annotation: Any, selected: exp.Expr, given: QueryKind) -> None:
    value = selected.unalias()
    kind = "date" if isinstance(value, exp.Date) else given
    if kind in ("null", "any") or value.find(*UNCERTAIN):
        return
    if kind not in _accepted(types.type_info(annotation)):
        raise DefinitionError(
            f"{where}: {name} is annotated {display(annotation)}, but {value.sql('sqlite')} is {kind}: "
            "fix the annotation, or convert the value with CAST"
        )


def _accepted(declared: types.Type) -> frozenset[str]:
    match declared:
        case types.Metadata():
            return _accepted(declared.type)
        case types.UnionType():
            return frozenset().union(*(_accepted(part) for part in declared.types))
        case types.EnumType():
            return _accepted_values(member.value for member in declared.cls)
        case types.LiteralType():
            return _accepted_values(declared.values)
        case _:
            return ACCEPTED.get(type(declared), ANYTHING)


def _accepted_values(values: Iterable[Any]) -> frozenset[str]:
    accepted: frozenset[str] = frozenset()
    for value in values:
        accepted |= ACCEPTED[types.StrType if isinstance(value, str) else types.IntType]
    return accepted
