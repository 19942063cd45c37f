"""The expressions of a query: values, and the conditions that compare them."""

from sqlglot import exp

from actum.queries.sql.kinds import Misuse, QueryKind, Typed
from actum.queries.sql.parameters import Parameter
from actum.queries.sql.values import Sources, Values, bare, collation_of, text_of

COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip


class Expressions(Values):
    """Writes expressions of every form."""

    def raw(self, node: exp.Expr, sources: Sources) -> Typed:
        """Writes an expression, whose overflow may not be checked yet."""
        operator = COMPARISONS.get(type(node))
        if operator is not None:
            return self._comparison(node.this, node.expression, operator, sources)
        return super().raw(node, sources)

    def _in(self, node: exp.In, sources: Sources) -> Typed:
        """Writes IN, with values, list parameters, or a query."""
        query = node.args.get("query")
        if query is not None:
            return self._in_query(node, query, sources)
        field = node.args.get("field")
        places = [field] if field is not None else node.expressions
        lists = [place for place in places if self._is_list(place)]
        plain = [place for place in places if not self._is_list(place)]
        found = [self._in_list(node.this, place, sources) for place in lists]
        found += [self._comparison(node.this, place, "=", sources).sql for place in plain]
        return Typed(f"({' OR '.join(found)})" if found else self.dialect.boolean(value=False), "boolean")

    def _is_list(self, node: exp.Expr) -> bool:
        return isinstance(node, exp.Placeholder) and self.parameters[node.name].is_list

    def _in_list(self, left: exp.Expr, place: exp.Placeholder, sources: Sources) -> str:
        parameter = self.parameters[place.name]
        value = self.value(left, sources)
        one, other = self.alike(value, Typed("", parameter.kind, is_constant=True), f"IN :{parameter.name}")
        kind: QueryKind = "text" if other.kind == "null" else other.kind
        if kind in ("blob", "json", "any"):
            raise Misuse(f"IN :{parameter.name}: a list of {kind} cannot be searched")
        values = self.placed(Parameter(parameter.name, kind, is_list=True))
        return self.dialect.among(self.dialect.compared(one), values, kind)

    def _in_query(self, node: exp.In, query: exp.Expr, sources: Sources) -> Typed:
        sql, columns = self.select(query.unnest(), sources)
        left = bare(node.this)
        sides = left.expressions if isinstance(left, exp.Tuple) else [left]
        if len(sides) != len(columns):
            raise Misuse(
                f"{text_of(node)}: the query selects {len(columns)} columns, but {len(sides)} are needed"
            )
        values = [self.value(side, sources) for side in sides]
        pairs = [
            self.alike(value, Typed("", column.kind), text_of(node))
            for value, column in zip(values, columns, strict=True)
        ]
        wanted = [other.kind for _, other in pairs]
        if wanted != [column.kind for column in columns]:
            sql, _ = self.select(query.unnest(), sources, wanted)
        written = [self.dialect.compared(one) for one, _ in pairs]
        left_side = written[0] if len(written) == 1 else f"({', '.join(written)})"
        return Typed(f"({left_side} IN ({sql}))", "boolean")

    def _comparison(self, left: exp.Expr, right: exp.Expr, operator: str, sources: Sources) -> Typed:
        left, right = bare(left), bare(right)
        if isinstance(left, exp.Tuple) or isinstance(right, exp.Tuple):
            return self._rows(left, right, operator, sources)
        one, other = self.pair(left, right, sources)
        return Typed(f"({one} {operator} {other})", "boolean")

    def _rows(self, left: exp.Expr, right: exp.Expr, operator: str, sources: Sources) -> Typed:
        ones, others = left.expressions, right.expressions
        if len(ones) != len(others) or not ones:
            raise Misuse(f"{text_of(left)} and {text_of(right)} have different numbers of values")
        pairs = [self.pair(one, other, sources) for one, other in zip(ones, others, strict=True)]
        written = [f"({', '.join(side)})" for side in zip(*pairs, strict=True)]
        return Typed(f"({written[0]} {operator} {written[1]})", "boolean")

    def pair(self, left: exp.Expr, right: exp.Expr, sources: Sources) -> tuple[str, str]:
        """Writes two values so that they compare the same everywhere."""
        one, other = (self.value(side, sources) for side in (left, right))
        one, other = self.alike(one, other, f"{text_of(left)} compared with {text_of(right)}")
        collation = collation_of(left) or collation_of(right)
        if collation and one.kind == "text":
            return self.dialect.call(collation, [one.sql]), self.dialect.call(collation, [other.sql])
        return self.dialect.compared(one), other.sql

    def _and(self, node: exp.And, sources: Sources) -> Typed:
        return self._connected(node, "AND", sources)

    def _or(self, node: exp.Or, sources: Sources) -> Typed:
        return self._connected(node, "OR", sources)

    def _connected(self, node: exp.Expr, word: str, sources: Sources) -> Typed:
        sides = [self.condition(side, sources) for side in (node.this, node.expression)]
        return Typed(f"({sides[0]} {word} {sides[1]})", "boolean")

    def _not(self, node: exp.Not, sources: Sources) -> Typed:
        return Typed(f"(NOT {self.condition(node.this, sources)})", "boolean")

    def _is(self, node: exp.Is, sources: Sources) -> Typed:
        value = self.value(node.this, sources)
        if isinstance(node.expression, exp.Boolean):
            truth = self.condition(node.this, sources)
            return Typed(f"({truth} IS {'TRUE' if node.expression.this else 'FALSE'})", "boolean")
        if not isinstance(node.expression, exp.Null):
            return self._nullsafeeq(node, sources)
        return Typed(f"({value.sql} IS NULL)", "boolean")

    def _nullsafeeq(self, node: exp.Expr, sources: Sources) -> Typed:
        one, other = self.pair(node.this, node.expression, sources)
        return Typed(self.dialect.same(one, other, is_same=True), "boolean")

    def _nullsafeneq(self, node: exp.NullSafeNEQ, sources: Sources) -> Typed:
        one, other = self.pair(node.this, node.expression, sources)
        return Typed(self.dialect.same(one, other, is_same=False), "boolean")

    def _between(self, node: exp.Between, sources: Sources) -> Typed:
        low, high = node.args["low"], node.args["high"]
        return Typed(
            f"({self._comparison(node.this, low, '>=', sources).sql} AND "
            f"{self._comparison(node.this, high, '<=', sources).sql})",
            "boolean",
        )

    def _exists(self, node: exp.Exists, sources: Sources) -> Typed:
        return Typed(f"EXISTS ({self.select(node.this, sources)[0]})", "boolean")
