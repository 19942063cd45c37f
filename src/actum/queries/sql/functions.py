"""The functions that a query may call: their arguments, their result, and how a database calls them."""

import re
from collections.abc import Callable
from typing import Any

from sqlglot import exp

from actum.queries.sql.aggregates import aggregate, is_aggregate
from actum.queries.sql.expressions import Expressions
from actum.queries.sql.formats import formatted
from actum.queries.sql.json_values import JSON_FUNCTIONS, JSON_NAMED
from actum.queries.sql.kinds import Misuse, QueryKind, Typed
from actum.queries.sql.search_calls import RELEVANCE, SEARCH
from actum.queries.sql.searching import relevance, searched
from actum.queries.sql.values import Sources, text_of

Function = Callable[[Expressions, Any, Sources], Typed]
FORMATS = {"%Y", "%m", "%d", "%H", "%M", "%S", "%j", "%w", "%%"}


def _texts(name: str, gives: QueryKind, *arguments: str) -> Function:
    """A function of texts."""

    def write(walk: Expressions, node: Any, sources: Sources) -> Typed:
        texts = [walk.text(node.args[argument], sources) for argument in arguments]
        return Typed(walk.dialect.call(name, texts), gives)

    return write


def _coalesce(walk: Expressions, node: exp.Coalesce, sources: Sources) -> Typed:
    values = [walk.value(part, sources) for part in (node.this, *node.expressions)]
    written, kind = walk.all_as(values, text_of(node))
    return Typed(f"coalesce({', '.join(written)})", kind)


def _if(walk: Expressions, node: exp.If, sources: Sources) -> Typed:
    return _chosen(walk, node, [(node.this, node.args["true"])], node.args.get("false"), sources)


def _case(walk: Expressions, node: exp.Case, sources: Sources) -> Typed:
    pairs: list[tuple[exp.Expr, exp.Expr]] = [
        (
            exp.EQ(this=node.this.copy(), expression=part.this.copy()) if node.this else part.this,
            part.args["true"],
        )
        for part in node.args["ifs"]
    ]
    return _chosen(walk, node, pairs, node.args.get("default"), sources)


def _chosen(
    walk: Expressions,
    node: exp.Expr,
    pairs: list[tuple[exp.Expr, exp.Expr]],
    default: exp.Expr | None,
    sources: Sources,
) -> Typed:
    values = [walk.value(value, sources) for _, value in pairs]
    if default is not None:
        values.append(walk.value(default, sources))
    written, kind = walk.all_as(values, text_of(node))
    conditions = [walk.condition(condition, sources) for condition, _ in pairs]
    cases = " ".join(f"WHEN {one} THEN {two}" for one, two in zip(conditions, written, strict=False))
    last = f" ELSE {written[-1]}" if default is not None else ""
    return Typed(f"CASE {cases}{last} END", kind)


def _nullif(walk: Expressions, node: exp.Nullif, sources: Sources) -> Typed:
    one, other = (walk.value(part, sources) for part in (node.this, node.expression))
    one, other = walk.alike(one, other, text_of(node))
    return Typed(f"nullif({walk.dialect.compared(one)}, {other.sql})", one.kind)


def _extreme(walk: Expressions, node: exp.Greatest | exp.Least, sources: Sources) -> Typed:
    values = [walk.value(part, sources) for part in (node.this, *node.expressions)]
    written, kind = walk.all_as(values, text_of(node))
    if kind == "boolean":
        written, kind = [walk.as_kind(Typed(sql, kind), "integer") for sql in written], "integer"
    is_sqlite = walk.dialect.name == "sqlite"
    name = {True: ("max", "min"), False: ("greatest", "least")}[is_sqlite][isinstance(node, exp.Least)]
    listed = ", ".join(walk.dialect.compared(Typed(sql, kind)) for sql in written)
    if is_sqlite:
        return Typed(f"{name}({listed})", kind)
    nothing = " OR ".join(f"{sql} IS NULL" for sql in written)
    return Typed(f"CASE WHEN {nothing} THEN NULL ELSE {name}({listed}) END", kind)


def _concatenated(walk: Expressions, node: exp.DPipe, sources: Sources) -> Typed:
    return Typed(f"({walk.text(node.this, sources)} || {walk.text(node.expression, sources)})", "text")


def _like(walk: Expressions, node: exp.Like, sources: Sources) -> Typed:
    return _liked(walk, node, None, sources)


def _escape(walk: Expressions, node: exp.Escape, sources: Sources) -> Typed:
    if not isinstance(node.this, exp.Like):
        raise Misuse(f"{text_of(node)}: ESCAPE goes with LIKE")
    escape = node.expression
    if not (isinstance(escape, exp.Literal) and len(escape.name) == 1):
        raise Misuse(f"{text_of(node)}: ESCAPE takes one character in quotes")
    return _liked(walk, node.this, walk.text(escape, sources), sources)


def _liked(walk: Expressions, node: exp.Like, escape: str | None, sources: Sources) -> Typed:
    found = walk.dialect.like(walk.text(node.this, sources), walk.text(node.expression, sources), escape)
    return Typed(f"(NOT {found})" if node.args.get("negate") else found, "boolean")


def _glob(walk: Expressions, node: exp.Glob, sources: Sources) -> Typed:
    pattern, text = walk.text(node.expression, sources), walk.text(node.this, sources)
    return Typed(walk.dialect.call("glob", [pattern, text]), "boolean")


def _substring(walk: Expressions, node: exp.Substring, sources: Sources) -> Typed:
    arguments = [walk.text(node.this, sources)]
    for name in ("start", "length"):
        if node.args.get(name) is not None:
            arguments.append(walk.closed_number(node.args[name], sources, "integer").sql)
    return Typed(walk.dialect.call("substr", arguments), "text")


def _trim(walk: Expressions, node: exp.Trim, sources: Sources) -> Typed:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or ""), "trim")
    letters = walk.text(node.expression, sources) if node.expression else walk.dialect.text(" ")
    return Typed(walk.dialect.call(name, [walk.text(node.this, sources), letters]), "text")


def _length(walk: Expressions, node: exp.Length, sources: Sources) -> Typed:
    value = walk.value(node.this, sources)
    if value.kind == "blob":
        is_sqlite = walk.dialect.name == "sqlite"
        return Typed(walk.dialect.call("length" if is_sqlite else "bytes", [value.sql]), "integer")
    return Typed(walk.dialect.call("length", [walk.as_text(value, node.this)]), "integer")


def _hex(walk: Expressions, node: exp.Hex, sources: Sources) -> Typed:
    value = walk.value(node.this, sources)
    if value.kind != "blob":
        raise Misuse(f"{text_of(node)}: hex() takes bytes, but this is {value.kind}")
    return Typed(f"coalesce({walk.dialect.call('hex', [value.sql])}, '')", "text")


def _abs(walk: Expressions, node: exp.Abs, sources: Sources) -> Typed:
    value = walk.closed_number(node.this, sources, "integer", "decimal", "real")
    name = "decimal_abs" if value.kind == "decimal" else "abs"
    return Typed(walk.dialect.call(name, [value.sql]), value.kind)


def _round(walk: Expressions, node: exp.Round, sources: Sources) -> Typed:
    value = walk.closed_number(node.this, sources, "integer", "decimal", "real")
    places = node.args.get("decimals")
    digits = walk.dialect.integer(0)
    if places is not None:
        digits = walk.closed_number(places, sources, "integer").sql
    if value.kind == "decimal":
        return Typed(walk.dialect.call("decimal_round", [value.sql, digits]), "decimal")
    return Typed(walk.dialect.call("round", [walk.as_kind(value, "real"), digits]), "real")


def _whole(name: str) -> Function:
    """ceil() and floor(), which return whole numbers unchanged."""

    def write(walk: Expressions, node: Any, sources: Sources) -> Typed:
        value = walk.closed_number(node.this, sources, "integer", "real")
        if value.kind == "integer":
            return value
        return Typed(walk.dialect.call(name, [value.sql]), "real")

    return write


def _sign(walk: Expressions, node: exp.Sign, sources: Sources) -> Typed:
    value = walk.closed_number(node.this, sources, "integer", "real")
    return Typed(walk.dialect.call("sign", [value.sql]), "integer")


def _sqrt(walk: Expressions, node: exp.Sqrt, sources: Sources) -> Typed:
    return Typed(walk.dialect.call("sqrt", [walk.closed_number(node.this, sources, "real").sql]), "real")


def _random(walk: Expressions, node: exp.Rand, sources: Sources) -> Typed:
    return Typed(walk.dialect.call("random", []), "integer")


def _moment(name: str, gives: QueryKind) -> Function:
    """A function of one time, in UTC."""

    def write(walk: Expressions, node: Any, sources: Sources) -> Typed:
        arguments = [
            part for part in (node.args.get("this"), *node.expressions) if isinstance(part, exp.Expr)
        ]
        value = walk.value(arguments[0], sources) if len(arguments) == 1 else None
        if value is None or value.kind != "time":
            raise Misuse(
                f"{text_of(node)}: {name}() takes one datetime column, and nothing more: "
                "compute other times in Python, and pass them as parameters annotated datetime"
            )
        return Typed(walk.dialect.call(name, [value.sql]), gives)

    return write


def _strftime(walk: Expressions, node: exp.TimeToStr, sources: Sources) -> Typed:
    moment = node.this.this if isinstance(node.this, exp.TsOrDsToTimestamp) else node.this
    value = walk.value(moment, sources)
    form = node.args["format"]
    written = form.name if isinstance(form, exp.Literal) else ""
    marks = set(re.findall("%.?", written, re.DOTALL))
    if value.kind != "time" or not written or not marks <= FORMATS:
        raise Misuse(
            f"{text_of(node)}: strftime() takes a format of {', '.join(sorted(FORMATS))} "
            "and a datetime column; format other texts in Python"
        )
    return Typed(walk.dialect.call("strftime", [value.sql, walk.dialect.text(written)]), "text")


def _anonymous(walk: Expressions, node: exp.Anonymous, sources: Sources) -> Typed:
    if is_aggregate(node):
        return aggregate(walk, node, sources)
    function = NAMED.get(node.name.lower())
    if function is None:
        raise Misuse(
            f"there is no function {node.name}() that works the same in every database: "
            "compute it in Python, over the rows, or in a reducer"
        )
    return function(walk, node, sources)


def _likely(walk: Expressions, node: exp.Anonymous, sources: Sources) -> Typed:
    return walk.value(node.expressions[0], sources)


NAMED: dict[str, Function] = {
    "datetime": _moment("datetime", "text"),
    "time": _moment("time", "text"),
    "unixepoch": _moment("unixepoch", "integer"),
    "likely": _likely,
    "unlikely": _likely,
    "printf": formatted,
    SEARCH: searched,
    RELEVANCE: relevance,
    **JSON_NAMED,
}
FUNCTIONS: dict[type[exp.Expr], Function] = {
    exp.Anonymous: _anonymous,
    exp.Coalesce: _coalesce,
    exp.If: _if,
    exp.Case: _case,
    exp.Nullif: _nullif,
    exp.Greatest: _extreme,
    exp.Least: _extreme,
    exp.DPipe: _concatenated,
    exp.Like: _like,
    exp.Escape: _escape,
    exp.Glob: _glob,
    exp.Upper: _texts("upper", "text", "this"),
    exp.Lower: _texts("lower", "text", "this"),
    exp.StrPosition: _texts("instr", "integer", "this", "substr"),
    exp.Replace: _texts("replace", "text", "this", "expression", "replacement"),
    exp.Unicode: _texts("unicode", "integer", "this"),
    exp.Substring: _substring,
    exp.Trim: _trim,
    exp.Length: _length,
    exp.Hex: _hex,
    exp.Abs: _abs,
    exp.Round: _round,
    exp.Ceil: _whole("ceil"),
    exp.Floor: _whole("floor"),
    exp.Sign: _sign,
    exp.Sqrt: _sqrt,
    exp.Rand: _random,
    exp.Date: _moment("date", "text"),
    exp.TimeToStr: _strftime,
    exp.Format: formatted,
    **JSON_FUNCTIONS,
}
