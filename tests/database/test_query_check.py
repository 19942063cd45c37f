"""The check of queries: what works is let through, and what cannot work is refused with the fix."""

import enum
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import pytest
from msgspec import Struct, field

from actum.errors import DefinitionError
from actum.model.event import Event
from actum.model.handler import query, reducer
from actum.model.view import View, view_type
from actum.queries.query_check import check_queries
from actum.queries.sql.kinds import Misuse
from actum.queries.sql.parameters import Parameter
from actum.queries.sql.reading import read
from actum.queries.translate import translate


class Opened(Event):
    owner: str


class Activity(View):
    id: str
    withdrawals: int = 0

    @reducer
    def opened(self, event: Opened) -> None: ...


class Wealth(Struct):
    owner: str
    total: int
    withdrawals: int = 0


class OnlyId(Struct):
    id: str


class Withdrawn(Struct):
    id: str
    withdrawals: int


class Camel(Struct, rename="camel"):
    id: str
    first_seen: datetime | None


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Point(Struct):
    x: int


def check(sql: str, annotation: Any, *parameters: str) -> None:
    """Checks one query of a view beside another one."""

    class Balances(View, indexes=["owner"]):
        id: str
        owner: str = ""
        balance: int = 0
        rate: float = 0.0
        ok: bool = False
        data: bytes = b""
        seen: datetime | None = None
        day: date | None = None
        price: Decimal = Decimal(0)
        tags: list[str] = field(default_factory=list)
        MixedCase: int = 0

        @reducer
        def opened(self, event: Opened) -> None: ...

        asked = query(sql)(_method(annotation, parameters))

    check_queries([view_type(Balances), view_type(Activity)])


def _method(annotation: Any, parameters: tuple[str, ...]) -> Callable[..., Any]:
    names: dict[str, Any] = {"Answer": annotation}
    listed = "".join(f", {name}: int" for name in parameters)
    exec(f"def asked(self{listed}) -> Answer: ...", names)
    function: Callable[..., Any] = names["asked"]
    return function


WEALTHY = """
    SELECT owner, sum(balance) AS total, coalesce(sum(withdrawals), 0) AS withdrawals
    FROM balances LEFT JOIN activity USING (id)
    GROUP BY owner HAVING sum(balance) >= :least ORDER BY total DESC
"""


@pytest.mark.parametrize(
    ("sql", "annotation", "parameters"),
    [
        (WEALTHY, list[Wealth], ["least"]),
        ("SELECT * FROM balances", list[OnlyId], []),
        ("SELECT b.* FROM balances b", list[OnlyId], []),
        ("SELECT b.*, a.withdrawals FROM balances AS b JOIN activity a ON a.id = b.id", list[Withdrawn], []),
        ("SELECT * FROM balances JOIN activity USING (id)", list[OnlyId], []),
        ("SELECT * FROM balances NATURAL JOIN activity", list[OnlyId], []),
        ("SELECT * FROM balances LEFT JOIN activity USING (id)", list[OnlyId], []),
        ("SELECT owner, balance AS total FROM balances", list[Wealth], []),
        ("SELECT id, seen AS first_seen FROM balances", list[Camel], []),
        ("SELECT ID FROM Balances WHERE OWNER = 'x'", list[OnlyId], []),
        ('SELECT "Id" FROM "BALANCES"', list[OnlyId], []),
        ("SELECT mixedcase FROM balances", list[int], []),
        (
            "SELECT id FROM balances WHERE balance BETWEEN :low AND :high OR owner IN (:low)",
            list[str],
            ["low", "high"],
        ),
        ("SELECT id FROM balances ORDER BY id LIMIT :most OFFSET :skip", list[str], ["most", "skip"]),
        ("SELECT id FROM balances WHERE owner LIKE :pattern ESCAPE '!'", list[str], ["pattern"]),
        ("SELECT id FROM balances WHERE owner GLOB 'a*' AND owner <> ':none'", list[str], []),
        ("SELECT id FROM balances WHERE (owner, id) > (:owner, :id)", list[str], ["owner", "id"]),
        ("SELECT count(*) FROM balances", int, []),
        ("SELECT count(*) FILTER (WHERE ok) FROM balances", int, []),
        ("SELECT sum(balance) FROM balances", int | None, []),
        ("SELECT total(balance) FROM balances", float, []),
        ("SELECT avg(balance) FROM balances", float | None, []),
        ("SELECT round(avg(balance)) FROM balances", int | None, []),
        ("SELECT max(seen) FROM balances", datetime | None, []),
        ("SELECT seen FROM balances", list[datetime | None], []),
        ("SELECT date(seen) FROM balances", list[date | None], []),
        ("SELECT day FROM balances", list[date | None], []),
        ("SELECT price FROM balances", list[Decimal], []),
        ("SELECT tags FROM balances", list[list[str]], []),
        ("SELECT tags FROM balances WHERE id = 'a'", list[str] | None, []),
        ("SELECT tags FROM balances", list[str], []),
        ("SELECT json_group_array(owner) FROM balances", list[str] | None, []),
        ("SELECT json_extract(tags, '$[0]') FROM balances", list[str | None], []),
        ("SELECT value FROM balances, json_each(tags)", list[str], []),
        (
            "SELECT t.value AS id FROM balances b JOIN json_each(b.tags) t WHERE b.id = :id",
            list[OnlyId],
            ["id"],
        ),
        ("SELECT id FROM balances WHERE id IN (SELECT value FROM json_each(:ids))", list[str], ["ids"]),
        ("SELECT json_each.value FROM balances, json_each(balances.tags)", list[str], []),
        ("SELECT ok FROM balances", list[bool], []),
        ("SELECT ok FROM balances", list[int], []),
        ("SELECT balance > 3 AND NOT ok FROM balances", list[bool], []),
        ("SELECT EXISTS (SELECT 1 FROM balances WHERE owner = :owner)", bool, ["owner"]),
        ("SELECT balance / 2 FROM balances", list[int], []),
        ("SELECT balance / 2.0 FROM balances", list[float], []),
        ("SELECT balance FROM balances", list[float], []),
        ("SELECT balance FROM balances", list[Level], []),
        ("SELECT balance FROM balances", list[Literal[1, 2]], []),
        ("SELECT owner FROM balances", list[Colour], []),
        ("SELECT owner FROM balances", list[Literal["ann"]], []),
        ("SELECT owner FROM balances", list[UUID], []),
        ("SELECT data FROM balances", list[bytes], []),
        ("SELECT owner FROM balances", list[Any], []),
        ("SELECT CAST(owner AS INTEGER) FROM balances", list[int], []),
        ("SELECT CAST(balance AS TEXT) FROM balances", list[str], []),
        ("SELECT CASE WHEN ok THEN 'yes' ELSE 'no' END FROM balances", list[str], []),
        ("SELECT iif(ok, 1, 0) FROM balances", list[int], []),
        ("SELECT owner || '!' FROM balances", list[str], []),
        ("SELECT length(owner) + instr(owner, 'a') FROM balances", list[int], []),
        ("SELECT strftime('%Y', seen) FROM balances", list[str | None], []),
        ("SELECT group_concat(owner, ', ') FROM balances", str | None, []),
        ("SELECT abs(random()) FROM balances", list[int], []),
        ("SELECT NULL", int | None, []),
        ("SELECT :x", list[int], ["x"]),
        ("SELECT row_number() OVER (PARTITION BY owner ORDER BY balance DESC) FROM balances", list[int], []),
        ("SELECT sum(balance) OVER (ORDER BY id) FROM balances", list[int], []),
        ("SELECT lag(balance) OVER w FROM balances WINDOW w AS (ORDER BY id)", list[int | None], []),
        (
            "WITH rich AS (SELECT id, balance FROM balances WHERE balance > :x) SELECT id FROM rich",
            list[str],
            ["x"],
        ),
        (
            "WITH rich(name, b) AS (SELECT owner, balance FROM balances) SELECT name FROM rich WHERE b > 1",
            list[str],
            [],
        ),
        ("WITH Rich AS (SELECT * FROM balances) SELECT r.id FROM rich r", list[str], []),
        ("WITH balances AS (SELECT id FROM activity) SELECT id FROM balances", list[str], []),
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most) SELECT i FROM n",
            list[int],
            ["most"],
        ),
        ("SELECT id FROM (SELECT id, owner FROM balances) AS inner_one", list[str], []),
        ("SELECT id FROM balances WHERE balance = (SELECT max(balance) FROM balances)", list[str], []),
        (
            "SELECT id FROM balances b WHERE EXISTS (SELECT 1 FROM activity WHERE activity.id = b.id)",
            list[str],
            [],
        ),
        ("SELECT a.id FROM balances a JOIN balances b ON a.owner = b.owner AND a.id < b.id", list[str], []),
        ("SELECT id FROM balances UNION SELECT id FROM activity ORDER BY id", list[str], []),
        ("SELECT id FROM balances EXCEPT SELECT id FROM activity", list[OnlyId], []),
        ("SELECT DISTINCT owner FROM balances ORDER BY owner COLLATE NOCASE", list[str], []),
        ("SELECT owner, count(*) AS total FROM balances GROUP BY 1 ORDER BY 2 DESC", list[Wealth], []),
        ("SELECT owner AS who FROM balances WHERE who <> '' ORDER BY who", list[str], []),
        ("-- the richest\nSELECT id /* of all */ FROM balances;", list[str], []),
        ("SELECT id FROM balances; -- done", list[str], []),
        ("SELECT id FROM balances ORDER BY seen DESC NULLS LAST", list[str], []),
    ],
)  # fmt: skip
def test_a_query_that_works_is_let_through(sql: str, annotation: Any, parameters: list[str]) -> None:
    check(sql, annotation, *parameters)


@pytest.mark.parametrize(
    ("sql", "annotation", "parameters", "fix"),
    [
        ("DELETE FROM balances", list[str], [], "is not a SELECT: a query only reads"),
        ("UPDATE balances SET owner = 'x'", list[str], [], "is not a SELECT"),
        ("INSERT INTO balances (id) VALUES ('x')", list[str], [], "is not a SELECT"),
        ("REPLACE INTO balances (id) VALUES ('x')", list[str], [], "is not a SELECT"),
        ("DROP VIEW balances", list[str], [], "is not a SELECT"),
        ("CREATE TABLE x (id TEXT)", list[str], [], "is not a SELECT"),
        ("PRAGMA user_version", int, [], "is not a SELECT"),
        ("ATTACH 'x' AS y", int, [], "is not a SELECT"),
        ("VALUES (1)", int, [], "is not a SELECT"),
        ("WITH x AS (SELECT 1) DELETE FROM balances", list[str], [], "is not a SELECT"),
        ("WITH x AS (DELETE FROM balances RETURNING id) SELECT id FROM x", list[str], [], "is not a SELECT"),
        ("SELECT 1; SELECT 2", int, [], "has 2 statements, but a query must be one SELECT"),
        ("SELECT id FROM balances; DROP TABLE balances__1", list[str], [], "has 2 statements"),
        ("", int, [], "has 0 statements"),
        ("-- nothing", int, [], "has 0 statements"),
        ("SELECT id FROM", list[str], [], "the SQL cannot be read|cannot run this query"),
        ("SELECT (id FROM balances", list[str], [], "the SQL cannot be read"),
        (
            "SELECT id FROM nobody",
            list[str],
            [],
            r"there is no view nobody; .* activity, balances.* App\(views=",
        ),
        ("SELECT count(*) FROM nobody", int, [], "there is no view nobody"),
        ("SELECT id FROM balance", list[str], [], r"there is no view balance \(did you mean 'balances'\?\)"),
        (
            "SELECT id FROM balances WHERE id IN (SELECT id FROM activities)",
            list[str],
            [],
            "no view activities",
        ),
        ("WITH x AS (SELECT id FROM nobody) SELECT id FROM x", list[str], [], "there is no view nobody"),
        ("SELECT id FROM balances__1", list[str], [], "there is no view balances__1"),
        ("SELECT id FROM main.balances", list[str], [], "there is no view main.balances"),
        ("SELECT payload FROM actum_events", list[str], [], "there is no view actum_events"),
        ("SELECT name FROM sqlite_master", list[str], [], "there is no view sqlite_master"),
        (
            "SELECT ownr FROM balances",
            list[str],
            [],
            r"there is no column 'ownr' \(did you mean 'owner'\?\); balances has",
        ),
        ("SELECT b.ownr FROM balances b", list[str], [], "there is no column 'ownr'"),
        ("SELECT id FROM balances WHERE nothing > 3", list[str], [], "there is no column 'nothing'"),
        ("SELECT id FROM balances ORDER BY nothing", list[str], [], "there is no column 'nothing'"),
        ("SELECT id FROM balances GROUP BY nothing", list[str], [], "there is no column 'nothing'"),
        ("SELECT sum(owner) FROM (SELECT id FROM balances)", int, [], "'owner'"),
        ("SELECT id FROM balances JOIN activity USING (owner)", list[str], [], "'owner'|owner"),
        ('SELECT "text in double quotes" FROM balances', list[str], [], "there is no column"),
        ("SELECT rowid FROM balances", list[int], [], "there is no column 'rowid'"),
        (
            "SELECT id FROM balances JOIN activity ON balances.id = activity.id",
            list[str],
            [],
            "the column 'id' is ambiguous: write activity.id or balances.id",
        ),
        (
            "SELECT balances.id FROM balances b",
            list[str],
            [],
            "balances.id refers to no table of this query; it reads b",
        ),
        ("SELECT x.id FROM balances b", list[str], [], "x.id refers to no table of this query"),
        (
            "SELECT id FROM balances WHERE owner = :who",
            list[str],
            [],
            "uses :who, but the method has no such parameter",
        ),
        ("SELECT id FROM balances WHERE owner = :ownr", list[str], ["owner"], r"did you mean 'owner'\?"),
        ("SELECT id FROM balances", list[str], ["owner"], "never uses the parameter 'owner': write :owner"),
        (
            "SELECT id FROM balances WHERE owner = ':owner'",
            list[str],
            ["owner"],
            "never uses the parameter 'owner'",
        ),
        ("SELECT id FROM balances WHERE owner = ?", list[str], [], "has no name: write parameters as :name"),
        ("SELECT id FROM balances WHERE owner = ?1", list[str], [], "cannot be read"),
        ("SELECT id FROM balances WHERE owner = @owner", list[str], ["owner"], "write parameters as :name"),
        (
            "SELECT id FROM balances WHERE owner = $owner",
            list[str],
            [],
            "write the parameter .owner as :owner",
        ),
        ("SELECT owner FROM balances", list[Wealth], [], "does not select 'total', which Wealth needs"),
        ("SELECT * FROM activity", list[Wealth], [], "does not select 'owner', which Wealth needs"),
        (
            "SELECT id, owner FROM balances",
            list[OnlyId],
            [],
            "selects 'owner', but OnlyId has no such field: it has id",
        ),
        ("SELECT id, owner AS ident FROM balances", list[OnlyId], [], "'ident', but OnlyId has no such"),
        ("SELECT max(id) FROM balances", list[OnlyId], [], r"MAX\(id\) has no name: write MAX\(id\) AS"),
        ("SELECT id, owner AS id FROM balances", list[OnlyId], [], "selects 'id' twice: rename one"),
        (
            "SELECT b.*, a.* FROM balances b JOIN activity a ON a.id = b.id",
            list[OnlyId],
            [],
            "selects 'id' twice",
        ),
        (
            "SELECT id, owner FROM balances",
            list[str],
            [],
            "one column, but its SQL selects 2: select one, or declare",
        ),
        ("SELECT * FROM balances", int, [], "one column, but its SQL selects 11"),
        ("SELECT id, owner FROM balances", list[tuple[str, str]], [], "select one, or declare a Struct"),
        ("SELECT owner FROM balances", list[int], [], "annotated int, but balances.owner is text: .* CAST"),
        ("SELECT owner, owner AS total FROM balances", list[Wealth], [], "total is annotated int"),
        ("SELECT owner FROM balances", list[float], [], "is text"),
        ("SELECT owner FROM balances", list[bool], [], "is text"),
        ("SELECT owner FROM balances", list[bytes], [], "is text"),
        ("SELECT owner FROM balances", list[Level], [], "is text"),
        ("SELECT balance FROM balances", list[str], [], "is integer"),
        ("SELECT balance FROM balances", list[Colour], [], "is integer"),
        ("SELECT balance FROM balances", list[datetime], [], "is integer"),
        ("SELECT balance FROM balances", list[Point], [], "Point has no such field"),
        ("SELECT count(*) FROM balances", str, [], "is integer"),
        ("SELECT avg(balance) FROM balances", int, [], "is real"),
        ("SELECT rate FROM balances", list[int], [], "is real"),
        ("SELECT rate FROM balances", list[str], [], "is real"),
        ("SELECT balance / 2.0 FROM balances", list[int], [], "is real"),
        ("SELECT seen FROM balances", list[date], [], "is time"),
        ("SELECT seen FROM balances", list[int], [], "is time"),
        ("SELECT date(seen) FROM balances", list[datetime], [], "is date"),
        ("SELECT data FROM balances", list[str], [], "is blob"),
        ("SELECT tags FROM balances", list[int], [], "is json"),
        ("SELECT ok FROM balances", list[str], [], "is boolean"),
        (
            "SELECT id FROM balances UNION SELECT withdrawals FROM activity",
            list[str],
            [],
            "withdrawals AS withdrawals in another mixes text and integer",
        ),
        ("WITH x AS (SELECT owner AS o FROM balances) SELECT o FROM x", list[int], [], "is text"),
        (
            "SELECT nofunction(id) FROM balances",
            list[str],
            [],
            "there is no function nofunction.. that works the same in every database",
        ),
        ("SELECT id FROM balances WHERE count(*) > 1", list[str], [], "misuse of aggregate"),
        ("SELECT id FROM balances UNION SELECT id, withdrawals FROM activity", list[str], [], r"."),
        ("SELECT id FROM balances, balances", list[str], [], "give a table that is read twice two names"),
        ("SELECT id, count(*) AS n FROM balances", list[OnlyId], [], "balances.id may have several values"),
        ("SELECT max(balance) FROM balances GROUP BY owner ORDER BY id", list[int], [], "Add it to GROUP BY"),
        ("SELECT owner FROM balances HAVING count(*) > 1", list[str], [], "owner may have several values"),
        ("SELECT id FROM balances WHERE balance = 'x'", list[str], [], "mixes integer and text: .* CAST"),
        ("SELECT id FROM balances WHERE owner", list[str], [], "must be a truth value: compare it"),
        ("SELECT balance + owner FROM balances", list[int], [], "owner is text, but integer"),
        ("SELECT id FROM balances WHERE seen > 'yesterday'", list[str], [], "with a time but is not one"),
        ("SELECT id FROM balances WHERE seen > :x", list[str], ["x"], "mixes time and integer"),
        ("SELECT date('now')", date, [], "pass them as parameters annotated datetime"),
        ("SELECT price % 2 FROM balances", list[Decimal], [], "price is decimal, but integer"),
        ("SELECT id FROM balances WHERE tags = '[]'", list[str], [], "json_extract.. and CAST"),
        ("SELECT id FROM balances ORDER BY tags", list[str], [], "JSON has no order"),
        ("SELECT DISTINCT tags FROM balances", list[list[str]], [], "DISTINCT cannot compare JSON"),
        ("SELECT id FROM balances LIMIT 'x'", list[str], [], "is text, but a number of rows must"),
        ("SELECT typeof(owner) FROM balances", list[str], [], "not a function or form that works"),
        ("SELECT id FROM balances WHERE owner REGEXP 'a'", list[str], [], "not a function or form"),
        ("SELECT group_concat(DISTINCT owner) FROM balances", str, [], "over a query inside FROM"),
        ("SELECT id FROM balances, json_tree(tags)", list[str], [], "json_each.x. is the only function"),
        ("SELECT price FROM balances", list[int], [], "price is decimal"),
    ],
)  # fmt: skip
def test_a_query_that_cannot_work_is_refused_with_the_fix(
    sql: str, annotation: Any, parameters: list[str], fix: str
) -> None:
    with pytest.raises(DefinitionError, match=fix) as refused:
        check(sql, annotation, *parameters)

    assert str(refused.value).startswith("Balances.asked")


KEYWORDS = [
    "abort",
    "all",
    "alter",
    "and",
    "as",
    "asc",
    "between",
    "by",
    "case",
    "check",
    "collate",
    "column",
    "commit",
    "create",
    "cross",
    "current_date",
    "current_time",
    "current_timestamp",
    "default",
    "delete",
    "desc",
    "distinct",
    "drop",
    "else",
    "end",
    "escape",
    "except",
    "exists",
    "for",
    "from",
    "full",
    "group",
    "having",
    "in",
    "index",
    "inner",
    "insert",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "left",
    "like",
    "limit",
    "not",
    "notnull",
    "null",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "primary",
    "references",
    "right",
    "select",
    "set",
    "table",
    "then",
    "to",
    "true",
    "union",
    "unique",
    "update",
    "user",
    "using",
    "values",
    "view",
    "when",
    "where",
    "window",
    "with",
    "false",
]


@pytest.mark.parametrize("word", KEYWORDS)
def test_a_parameter_a_column_and_a_view_may_be_called_like_a_keyword(word: str) -> None:
    views: dict[str, Any] = {word: {"id": "text"}, "other": {"id": "text", word: "integer"}}
    parameters = (Parameter(word, "integer"),)

    for sql in (
        f'SELECT "{word}" FROM other WHERE "{word}" > :{word} ORDER BY other."{word}"',
        f'SELECT "{word}".id FROM "{word}" JOIN other USING (id) WHERE "{word}" = :{word}',
    ):
        for dialect in ("sqlite", "postgres"):
            translated = translate(read(sql, views), parameters, views, dialect)

            assert [parameter.name for parameter in translated.parameters] == [word]


@pytest.mark.parametrize("word", [word for word in KEYWORDS if word not in ("null", "true", "false")])
def test_a_keyword_without_quotes_is_understood_or_the_quotes_are_asked_for(word: str) -> None:
    views: dict[str, Any] = {"other": {"id": "text", word: "integer"}}
    sql = f"SELECT {word} FROM other WHERE {word} > 1"

    try:
        translated = translate(read(sql, views), (), views, "sqlite")
    except Misuse as misuse:
        answer = str(misuse)
    else:
        answer = ", ".join(translated.columns)

    assert answer == word or f'{word} is a keyword of SQL: write "{word}" in double quotes' in answer


class Accounts(View):
    id: str
    owner: str = ""
    moments: list[datetime] = field(default_factory=list)

    @reducer
    def opened(self, event: Opened) -> None: ...

    @query("SELECT * FROM accounts WHERE owner = :owner")
    def of(self, owner: str) -> "list[Accounts]": ...  # type: ignore[empty-body]


def test_a_query_may_answer_rows_of_its_own_view() -> None:
    check_queries([view_type(Accounts)])


def test_views_without_queries_need_no_check() -> None:
    check_queries([view_type(Activity)])
    check_queries([])


@pytest.mark.parametrize("word", ["order", "values", "where", "union", "with", "join", "having"])
def test_a_view_called_like_a_keyword_needs_no_quotes_where_a_table_stands(word: str) -> None:
    views: dict[str, Any] = {word: {"id": "text"}, "other": {"id": "text"}}

    for sql in (f"SELECT id FROM {word}", f"SELECT {word}.id FROM other JOIN {word} ON {word}.id = other.id"):
        assert f'"{word}" AS "{word}"' in translate(read(sql, views), (), views, "postgres").sql
