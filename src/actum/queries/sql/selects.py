"""SELECT: the tables that a query reads, and how its rows are filtered, grouped, ordered and limited."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import exp

from actum.model.view import MAX_NAME
from actum.queries.dialect import Dialect
from actum.queries.sql.aggregates import (
    AGGREGATES,
    aggregate,
    direction,
    filtered,
    over,
    sortable,
    windowed,
)
from actum.queries.sql.expressions import Expressions
from actum.queries.sql.functions import FUNCTIONS
from actum.queries.sql.grouping import check_grouping
from actum.queries.sql.json_values import document
from actum.queries.sql.kinds import Misuse, QueryKind, Typed, common
from actum.queries.sql.ordering import by_what_is_selected, place_of, replaced
from actum.queries.sql.parameters import Parameter
from actum.queries.sql.values import Columns, Foreign, Scope, Sources, bare, collation_of, text_of

KNOWN = {
    "with_", "expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset",
    "distinct", "windows", "this", "expression", "side", "kind", "on", "by_name",
}  # fmt: skip
EACH: dict[str, QueryKind] = {"key": "any", "value": "any", "type": "text", "atom": "any"}
OPERATORS: dict[type[exp.Expr], str] = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}
Kinds = Sequence[QueryKind] | None


class Selects:
    """Writes a whole query, whose names are fully qualified."""

    def __init__(
        self, dialect: Dialect, parameters: Mapping[str, Parameter], views: Mapping[str, Columns]
    ) -> None:
        functions: dict[type[exp.Expr], Callable[..., Typed]] = {
            **FUNCTIONS,
            exp.Filter: filtered,
            exp.Window: windowed,
            **dict.fromkeys(AGGREGATES, aggregate),
        }
        self.walk: Expressions = Expressions(dialect, parameters, self.select, functions)
        self._dialect = dialect
        self._views = views
        self._named: dict[str, Columns] = {}

    def select(self, node: exp.Expr, outer: Sources, wanted: Kinds = None) -> tuple[str, list[Typed]]:
        """Writes a query, and returns what it selects; `wanted` are the kinds that its columns must have."""
        for name, value in node.args.items():
            if value and name not in KNOWN:
                raise Misuse(f"{name.strip('_').upper()} does not work the same in every database")
        before = self._named
        self._named = dict(before)
        try:
            begin = self._with(node, outer)
            if isinstance(node, exp.SetOperation):
                sql, columns = self._compound(node, outer, wanted)
            elif isinstance(node, exp.Select):
                sql, columns = self._single(node, outer, wanted)
            elif isinstance(node, exp.Subquery):
                sql, columns = self.select(node.this, outer, wanted)
            else:
                raise Misuse(f"{text_of(node)} is not a SELECT")
            return begin + sql, columns
        finally:
            self._named = before

    def _with(self, node: exp.Expr, outer: Sources) -> str:
        clause = node.args.get("with_")
        if clause is None:
            return ""
        written = [self._common_table(part, outer) for part in clause.expressions]
        return f"WITH {'RECURSIVE ' if clause.args.get('recursive') else ''}{', '.join(written)} "

    def _common_table(self, part: exp.CTE, outer: Sources) -> str:
        query, alias = part.this, part.args["alias"]
        wanted: list[QueryKind] | None = None
        if isinstance(query, exp.SetOperation) and any(
            table.name == alias.name for table in query.expression.find_all(exp.Table)
        ):
            # The recursive part has the kinds of the part that it begins with.
            _, first = self.select(query.left, outer)
            wanted = [column.kind for column in first]
            self._named[alias.name] = self._columns(alias, query, first)
        sql, columns = self.select(query, outer, wanted)
        names = self._columns(alias, query, columns)
        self._named[alias.name] = names
        listed = ", ".join(map(self._dialect.quoted, names))
        return f"{self._named_as(alias.name)}({listed}) AS ({sql})"

    def _columns(self, alias: Any, query: Any, columns: Sequence[Typed]) -> dict[str, QueryKind]:
        names = [column.name for column in alias.columns] if alias is not None else []
        names = names or [name.lower() for name in query.named_selects]
        return {name: column.kind for name, column in zip(names, columns, strict=True)}

    def _compound(self, node: exp.SetOperation, outer: Sources, wanted: Kinds) -> tuple[str, list[Typed]]:
        left, right = node.left, node.right
        if not isinstance(right, exp.Select) or right.args.get("order") or right.args.get("limit"):
            raise Misuse(
                "UNION, INTERSECT and EXCEPT combine plain SELECTs, from left to right, without brackets"
            )
        if wanted is None:
            sides = [self.select(side, outer)[1] for side in (left, right)]
            if len(sides[0]) != len(sides[1]):
                raise Misuse(
                    f"its SELECTs have {len(sides[0])} and {len(sides[1])} columns: they need the same number"
                )
            wanted = [
                common(pair, f"{text_of(one)} in one SELECT and {text_of(other)} in another")
                for pair, one, other in zip(
                    zip(*sides, strict=True), left.selects, right.selects, strict=True
                )
            ]
        first, columns = self.select(left, outer, wanted)
        second, _ = self.select(right, outer, wanted)
        word = OPERATORS[type(node)] + ("" if node.args.get("distinct", True) else " ALL")
        if any(kind == "json" for kind in wanted) and word != "UNION ALL":
            raise Misuse("rows that contain JSON cannot be compared: use UNION ALL")
        sql = self._dialect.compound(first, word, second)
        return self._ordered_whole(node, sql, left.named_selects, columns), columns

    def _single(self, node: exp.Select, outer: Sources, wanted: Kinds) -> tuple[str, list[Typed]]:
        walk = self.walk
        scope: dict[str, Columns] = {}
        sources: Sources = (scope, *outer)
        tables = self._from(node, scope, sources)
        group = node.args.get("group")
        check_grouping(node, group.expressions if group else [], scope)
        columns, outputs = self._outputs(node, sources, wanted)
        sql = f"SELECT {'DISTINCT ' if node.args.get('distinct') else ''}{', '.join(outputs)}{tables}"
        if where := node.args.get("where"):
            sql += f" WHERE {walk.condition(where.this, sources)}"
        if group:
            values = [walk.value(part, sources) for part in group.expressions]
            sql += f" GROUP BY {', '.join(map(self._dialect.grouped, values))}"
        if having := node.args.get("having"):
            sql += f" HAVING {walk.condition(having.this, sources)}"
        if windows := node.args.get("windows"):
            named = [
                f"{self._dialect.quoted(part.name)} AS {over(walk, self._bare(part), sources)}"
                for part in windows
            ]
            sql += f" WINDOW {', '.join(named)}"
        if node.args.get("distinct"):
            if any(column.kind == "json" for column in columns):
                raise Misuse("DISTINCT cannot compare JSON: select a value inside it")
            return self._ordered_whole(node, sql, node.named_selects, columns), columns
        return sql + self._order(node, sources) + self._limit(node), columns

    def _bare(self, window: exp.Window) -> exp.Window:
        bare = window.copy()
        for name in ("this", "alias"):
            bare.set(name, None)
        return bare

    def _outputs(self, node: exp.Select, sources: Sources, wanted: Kinds) -> tuple[list[Typed], list[str]]:
        if not node.selects:
            raise Foreign("the query has a SELECT without columns: name at least one")
        columns, outputs = [], []
        for place, selected in enumerate(node.selects):
            if collation_of(selected.unalias()):
                raise Misuse(
                    f"{text_of(selected)}: COLLATE only affects comparisons; select the text without it"
                )
            value = self.walk.value(selected.unalias(), sources)
            if wanted is not None and value.kind != wanted[place]:
                value = Typed(self.walk.as_kind(value, wanted[place]), wanted[place])
            columns.append(value)
            name = self._named_as(node.named_selects[place] or f"_{place}", value)
            outputs.append(f"{self._dialect.selected(value)} AS {name}")
        return columns, outputs

    def _named_as(self, name: str, value: Typed | None = None) -> str:
        is_columns = value is not None and value.is_column
        if len(name.encode()) > MAX_NAME and not is_columns:
            raise Misuse(
                f"the name {name!r} is longer than {MAX_NAME} bytes, PostgreSQL's limit; choose a shorter one"
            )
        return self._dialect.quoted(name)

    def _from(self, node: exp.Select, scope: dict[str, Columns], sources: Sources) -> str:
        first = node.args.get("from_")
        if first is None:
            return ""
        written = f" FROM {self._table(first.this, scope, sources)}"
        for join in node.args.get("joins") or []:
            written += self._join(join, scope, sources)
        return written

    def _join(self, join: exp.Join, scope: dict[str, Columns], sources: Sources) -> str:
        side, on = join.side, join.args.get("on")
        if join.args.get("using") or join.method or join.kind not in ("", "CROSS", "INNER", "OUTER"):
            raise Misuse(f"{text_of(join)} is not a join that works the same in every database")
        table = self._table(join.this, scope, sources)
        if on is None:
            if side:
                raise Misuse(f"{text_of(join)}: add ON with the condition of the join")
            return f" CROSS JOIN {table}"
        if side == "FULL" and not isinstance(bare(on), exp.EQ):
            raise Misuse(f"{text_of(join)}: a FULL JOIN needs an ON with one equality of two columns")
        return f" {f'{side} ' if side else ''}JOIN {table} ON {self.walk.condition(on, sources)}"

    def _table(self, node: exp.Expr, scope: dict[str, Columns], sources: Sources) -> str:
        name = self._named_as(node.alias_or_name)
        if isinstance(node, exp.Subquery):
            sql, columns = self.select(node.this, sources[1:])
            scope[node.alias_or_name] = self._columns(node.args.get("alias"), node.this, columns)
            return f"({sql}) AS {name}"
        if not isinstance(node, exp.Table):
            raise Misuse(f"{text_of(node)} is not a table that works the same in every database")
        if isinstance(node.this, exp.Anonymous):
            if node.this.name.lower() != "json_each" or len(node.this.expressions) != 1:
                raise Misuse(
                    f"{text_of(node)}: json_each(x) is the only function that is a table in every database"
                )
            json = document(self.walk, node.this.expressions[0], sources)
            scope[node.alias_or_name] = EACH
            return self._dialect.each(json, name)
        scope[node.alias_or_name] = self._named.get(node.name) or self._views[node.name]
        return f"{self._dialect.quoted(node.name)} AS {name}"

    def _order(self, node: exp.Select, sources: Sources) -> str:
        order = node.args.get("order")
        if order is None:
            return ""
        items = []
        for item in order.expressions:
            whole = replaced(item.this, node)
            value = self.walk.value(whole, sources)
            items.append(f"{sortable(self.walk, value, whole)}{direction(item)}")
        return f" ORDER BY {', '.join(items)}"

    def _ordered_whole(self, node: Any, sql: str, names: list[str], columns: list[Typed]) -> str:
        """Orders the rows of a UNION, or of a SELECT DISTINCT, by their selected columns."""
        order = node.args.get("order")
        if order is None:
            return sql + self._limit(node)
        places = [place_of(item.this, len(names)) for item in order.expressions]
        numbers = [place for place in places if place is not None]
        if len(numbers) == len(places):
            for place in numbers:
                sortable(self.walk, columns[place], node)
            pairs = zip(numbers, order.expressions, strict=True)
            items = [f"{place + 1}{direction(item)}" for place, item in pairs]
            return f"{sql} ORDER BY {', '.join(items)}{self._limit(node)}"
        if len(set(names)) < len(names):
            raise Misuse("two of the columns have the same name: rename one of them with AS")
        rows: Scope = {"_rows": {name: column.kind for name, column in zip(names, columns, strict=True)}}
        selected: dict[str, exp.Expr] = {name: exp.column(name, table="_rows") for name in names}
        items = []
        for item in order.expressions:
            whole = by_what_is_selected(item.this, node, selected)
            value = self.walk.value(whole, (rows,))
            items.append(f"{sortable(self.walk, value, whole)}{direction(item)}")
        return f'SELECT * FROM ({sql}) AS "_rows" ORDER BY {", ".join(items)}{self._limit(node)}'

    def _limit(self, node: exp.Expr) -> str:
        limit, offset = (self._count(node.args.get(name)) for name in ("limit", "offset"))
        return self._dialect.limit(limit, offset)

    def _count(self, node: Any) -> Typed | None:
        if node is None:
            return None
        value = self.walk.value(node.expression, ())
        if value.kind != "integer":
            raise Misuse(f"{text_of(node).strip()} is {value.kind}, but a number of rows must be an integer")
        return value
