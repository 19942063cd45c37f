"""Values in a query: columns, literals, parameters, arithmetic and casts, each with its kind."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlglot import exp

from actum.queries.dialect import Dialect
from actum.queries.sql.kinds import NUMBERS, Misuse, QueryKind, Typed, common, fix
from actum.queries.sql.parameters import Parameter, time_of

ARITHMETIC: dict[type[exp.Expr], str] = {
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%",
    exp.BitwiseAnd: "&", exp.BitwiseOr: "|",
}  # fmt: skip
CASTS: dict[exp.DType, QueryKind] = {
    **dict.fromkeys(exp.DataType.INTEGER_TYPES, "integer"),
    **dict.fromkeys(exp.DataType.TEXT_TYPES, "text"),
    **dict.fromkeys((exp.DType.DOUBLE, exp.DType.FLOAT), "real"),
    exp.DType.DECIMAL: "decimal",
    exp.DType.BOOLEAN: "boolean",
}
CASTABLE: dict[QueryKind, tuple[QueryKind, ...]] = {
    "integer": ("boolean", "integer", "real", "decimal", "text", "any", "null"),
    "real": ("boolean", "integer", "real", "decimal", "text", "any", "null"),
    "text": ("boolean", "integer", "real", "decimal", "text", "time", "any", "null"),
    "decimal": ("boolean", "integer", "real", "decimal", "null"),
    "boolean": ("boolean", "integer", "real", "null"),
}
COLLATIONS = {"NOCASE": "lower", "RTRIM": "rtrim", "BINARY": ""}
SMALLEST, LARGEST = -(2**63), 2**63 - 1
Columns = Mapping[str, QueryKind]
Scope = Mapping[str, Columns]
Sources = tuple[Scope, ...]
"""The tables that an expression can refer to, the innermost query's first."""


class Foreign(Misuse):
    """A function or form that not every database supports."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} is not a function or form that works the same in every database: "
            "compute it in Python, over the rows, or in a reducer"
        )


class Values:
    """Writes values. What it writes is always complete: it needs no brackets around it.

    `select` writes a query inside an expression, given the tables outside it, and the kinds that its columns
    must have where these are others than their own.
    """

    def __init__(
        self,
        dialect: Dialect,
        parameters: Mapping[str, Parameter],
        select: Callable[..., tuple[str, list[Typed]]],
        functions: Mapping[type[exp.Expr], Callable[..., Typed]],
    ) -> None:
        self.dialect = dialect
        self.parameters = parameters
        self.select = select
        self.functions = functions
        self.used: list[Parameter] = []

    def value(self, node: exp.Expr, sources: Sources) -> Typed:
        """Writes an expression whose arithmetic is checked for overflow."""
        written = self.raw(node, sources)
        if not written.is_open:
            return written
        return Typed(self.dialect.closed(written), written.kind)

    def condition(self, node: exp.Expr, sources: Sources) -> str:
        """Writes an expression where a truth value is required."""
        value = self.value(node, sources)
        if value.kind == "boolean":
            return value.sql
        if value.kind not in ("integer", "real", "null"):
            raise Misuse(f"{text_of(node)} is {value.kind}, and must be a truth value: compare it")
        return self.dialect.convert(value, "boolean")

    def as_kind(self, value: Typed, kind: QueryKind) -> str:
        """Writes a value converted to a wider kind."""
        if value.number is not None and kind in ("real", "decimal"):
            number = value.number
            return self.dialect.decimal(number) if kind == "decimal" else self.dialect.real(float(number))
        if value.kind == kind:
            return value.sql
        return self.dialect.convert(value, kind)

    def text(self, node: exp.Expr, sources: Sources) -> str:
        """Writes an expression as text."""
        return self.as_text(self.value(node, sources), node)

    def as_text(self, value: Typed, node: exp.Expr) -> str:
        """Writes a value as text."""
        if value.kind in ("blob", "json"):
            raise Misuse(f"{text_of(node)} is {value.kind}, but a text is needed: {fix(value.kind, 'text')}")
        return self.as_kind(value, "text") if value.kind != "null" else self.dialect.null("text")

    def number(self, node: exp.Expr, sources: Sources, *kinds: QueryKind) -> Typed:
        """Writes an expression as a number of one of these kinds, the narrowest that fits."""
        value = self.raw(node, sources)
        if value.kind == "boolean":
            value = Typed(self.as_kind(value, "integer"), "integer")
        elif value.kind == "any":
            value = Typed(self.as_kind(value, "real"), "real")
        elif value.kind == "null":
            value = Typed(self.dialect.null(kinds[0]), kinds[0])
        if value.kind == "integer" and "integer" not in kinds:
            value = Typed(self.as_kind(self._closed(value), kinds[0]), kinds[0])
        if value.kind not in kinds:
            raise Misuse(
                f"{text_of(node)} is {value.kind}, but {' or '.join(kinds)} is needed: convert it with CAST"
            )
        return value

    def closed_number(self, node: exp.Expr, sources: Sources, *kinds: QueryKind) -> Typed:
        """Writes a number whose arithmetic is checked for overflow."""
        return self._closed(self.number(node, sources, *kinds))

    def _closed(self, value: Typed) -> Typed:
        return Typed(self.dialect.closed(value), value.kind, value.number) if value.is_open else value

    def raw(self, node: exp.Expr, sources: Sources) -> Typed:
        """Writes an expression, whose overflow may not be checked yet."""
        kind = type(node)
        if kind in ARITHMETIC:
            return self._arithmetic(node, ARITHMETIC[kind], sources)
        method = getattr(self, f"_{node.key}", None)
        if method is not None:
            typed: Typed = method(node, sources)
            return typed
        function = self.functions.get(kind)
        if function is None:
            raise Foreign(name_of(node))
        return function(self, node, sources)

    def _paren(self, node: exp.Paren, sources: Sources) -> Typed:
        return self.raw(node.this, sources)

    def _column(self, node: exp.Column, sources: Sources) -> Typed:
        for scope in sources:
            for table in [node.table] if node.table else list(scope):
                column = next((name for name in scope.get(table, ()) if name.lower() == node.name), None)
                if column is not None:
                    sql = f"{self.dialect.quoted(table)}.{self.dialect.quoted(column)}"
                    return Typed(sql, scope[table][column], is_column=True)
        raise Misuse(f"there is no column {text_of(node)}")

    def _literal(self, node: exp.Literal, sources: Sources) -> Typed:
        text = str(node.this)
        if node.is_string:
            if "\0" in text:
                raise Misuse("a text cannot contain NUL, which PostgreSQL cannot hold; leave it out")
            return Typed(self.dialect.text(text), "text", text=text, is_constant=True)
        return self._number(Decimal(text.replace("_", "")), is_whole=text.isdigit())

    def _number(self, number: Decimal, *, is_whole: bool) -> Typed:
        if is_whole and SMALLEST <= number <= LARGEST:
            return Typed(self.dialect.integer(int(number)), "integer", number, is_constant=True)
        return Typed(self.dialect.real(float(number)), "real", number, is_constant=True)

    def _neg(self, node: exp.Neg, sources: Sources) -> Typed:
        literal = node.this
        if isinstance(literal, exp.Literal) and not literal.is_string:
            return self._number(-Decimal(literal.name.replace("_", "")), is_whole=literal.name.isdigit())
        value = self.number(literal, sources, "integer", "decimal", "real")
        return Typed(
            self.dialect.negated(value), value.kind, is_open=value.is_open or value.kind == "integer"
        )

    def _boolean(self, node: exp.Boolean, sources: Sources) -> Typed:
        return Typed(self.dialect.boolean(value=bool(node.this)), "boolean", is_constant=True)

    def _null(self, node: exp.Null, sources: Sources) -> Typed:
        return Typed(self.dialect.null("null"), "null", is_constant=True)

    def _hexstring(self, node: exp.HexString, sources: Sources) -> Typed:
        return Typed(self.dialect.blob(str(node.this)), "blob", is_constant=True)

    def _placeholder(self, node: exp.Placeholder, sources: Sources) -> Typed:
        parameter = self.parameters[node.name]
        if parameter.kind == "null":
            return Typed(self.dialect.null("null"), "null", is_constant=True)
        if parameter.is_list:
            raise Misuse(f":{parameter.name} is a list: use it as `x IN :{parameter.name}`")
        return Typed(self.placed(parameter), parameter.kind, is_constant=True)

    def json_parameter(self, node: exp.Placeholder) -> str:
        """Writes a parameter whose value is passed as JSON, unless it is text already."""
        return self.placed(Parameter(self.parameters[node.name].name, "json"))

    def placed(self, parameter: Parameter) -> str:
        """Writes the place of a value that comes with the query."""
        if parameter not in self.used:
            self.used.append(parameter)
        place = self.used.index(parameter) + 1
        name = f"${place}" if self.dialect.name == "postgres" else f"p{place}"
        return self.dialect.parameter(name, parameter.kind, is_list=parameter.is_list)

    def _arithmetic(self, node: exp.Expr, operator: str, sources: Sources) -> Typed:
        kinds: tuple[QueryKind, ...] = ("integer", "decimal", "real")
        if operator in "%&|":
            kinds = ("integer",)
        one, other = (self.number(side, sources, *kinds) for side in (node.this, node.expression))
        kind = common((one, other), text_of(node))
        if kind != "integer":
            # Only integers: reals that overflow stay infinite up to the outermost expression.
            one, other = (self._closed(side) if side.kind == "integer" else side for side in (one, other))
        sql = self.dialect.arithmetic(operator, self.as_kind(one, kind), self.as_kind(other, kind), kind)
        return Typed(sql, kind, is_open=kind != "decimal" and operator in "+-*/")

    def _bitwisenot(self, node: exp.BitwiseNot, sources: Sources) -> Typed:
        return Typed(f"(~ {self._closed(self.number(node.this, sources, 'integer')).sql})", "integer")

    def alike(self, one: Typed, other: Typed, where: str) -> tuple[Typed, Typed]:
        """Returns two values converted to a kind that compares the same everywhere."""
        if one.kind == "text" and other.is_constant and other.kind in NUMBERS:
            other = Typed(self.as_kind(other, "text"), "text", is_constant=True)
        elif other.kind == "text" and one.is_constant and one.kind in NUMBERS:
            one = Typed(self.as_kind(one, "text"), "text", is_constant=True)
        one, other = self._moment(one, other), self._moment(other, one)
        kind = common((one, other), where)
        if kind in ("json", "any"):
            raise Misuse(f"{where}: values inside JSON have no kind: {fix('json', kind)}")
        return self._as(one, kind), self._as(other, kind)

    def _as(self, value: Typed, kind: QueryKind) -> Typed:
        if value.kind == kind:
            return value
        return Typed(self.as_kind(value, kind), kind)

    def _moment(self, value: Typed, beside: Typed) -> Typed:
        """Reads a text that is compared with a time as the time that it stands for."""
        if beside.kind != "time" or value.text is None:
            return value
        return Typed(self.dialect.time(time_of(value.text)), "time", is_constant=True)

    def _subquery(self, node: exp.Subquery, sources: Sources) -> Typed:
        sql, columns = self.select(node.this, sources)
        if len(columns) != 1:
            raise Misuse(f"{text_of(node)} is used as one value, but selects {len(columns)} columns")
        return Typed(f"({sql})", columns[0].kind)

    def _cast(self, node: exp.Cast, sources: Sources) -> Typed:
        value = self.value(node.this, sources)
        to = node.args["to"]
        kind = CASTS.get(to.this)
        if kind is None or (to.expressions and kind == "decimal") or value.kind not in CASTABLE[kind]:
            raise Misuse(
                f"{text_of(node.this)} is {value.kind}, which CAST cannot convert to {to.this.value.lower()} "
                "everywhere: CAST gives INTEGER, REAL, TEXT, BOOLEAN, or DECIMAL from a number"
            )
        if kind == "decimal" and value.number is not None:
            return Typed(self.dialect.decimal(value.number), "decimal")
        return Typed(self.as_kind(Typed(value.sql, value.kind), kind), kind)

    def _collate(self, node: exp.Collate, sources: Sources) -> Typed:
        value = self.value(node.this, sources)
        collation = COLLATIONS.get(node.expression.name.upper())
        if collation is None or value.kind not in ("text", "null"):
            raise Misuse(f"{text_of(node)}: COLLATE must be BINARY, NOCASE or RTRIM")
        return Typed(self.dialect.call(collation, [value.sql]), "text") if collation else value

    def all_as(self, values: Sequence[Typed], where: str) -> tuple[list[str], QueryKind]:
        """Writes values converted to the kind that fits them all."""
        if any(value.kind == "time" for value in values):
            beside = next(value for value in values if value.kind == "time")
            values = [self._moment(value, beside) for value in values]
        kind = common(values, where)
        return [self.as_kind(value, kind) for value in values], kind


def collation_of(node: exp.Expr) -> str | None:
    """Returns the function that compares texts as a COLLATE requires."""
    node = bare(node)
    return COLLATIONS.get(node.expression.name.upper()) if isinstance(node, exp.Collate) else None


def bare(node: exp.Expr) -> exp.Expr:
    """Removes the brackets around an expression."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def text_of(node: exp.Expr) -> str:
    """Returns an expression as its author wrote it, or close to it."""
    return node.sql("sqlite")


def name_of(node: exp.Expr) -> Any:
    """Returns the name of a function, or else the expression."""
    if isinstance(node, exp.Anonymous):
        return f"{node.name}()"
    return text_of(node)
