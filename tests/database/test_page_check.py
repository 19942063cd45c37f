"""Which queries are paged, and how those that cannot be are refused, with the fix."""

from typing import Any

import pytest
from msgspec import Struct, field

from actum.errors import DefinitionError
from actum.model.event import Event
from actum.model.handler import query, reducer
from actum.model.people.personal import Sealed
from actum.model.rows.page import Page
from actum.model.view import View, view_type
from actum.queries.query_check import check_queries


class Opened(Event):
    owner: str


class Id(Struct):
    id: str


class Amount(Struct):
    id: str
    balance: int


def check(sql: str, annotation: Any) -> None:
    class Balances(View, person="id"):
        id: str
        owner: str = ""
        balance: int = 0
        email: Sealed[str] = ""
        tags: list[str] = field(default_factory=list)

        @reducer
        def opened(self, event: Opened) -> None: ...

        def asked(self) -> Any: ...

        asked.__annotations__["return"] = annotation
        asked = query(sql)(asked)  # type: ignore[assignment]

    check_queries([view_type(Balances)])


@pytest.mark.parametrize(
    ("sql", "annotation"),
    [
        ("SELECT * FROM balances ORDER BY balance DESC, owner", Page[Any]),
        ("SELECT id, balance FROM balances", Page[Amount]),
        ("SELECT id FROM balances ORDER BY balance LIMIT 10 OFFSET 5", Page[str]),
        ("SELECT owner FROM balances GROUP BY owner ORDER BY sum(balance)", Page[str]),
        ("SELECT DISTINCT owner FROM balances ORDER BY 1", Page[str]),
        ("SELECT owner FROM balances UNION SELECT id FROM balances", Page[str]),
        ("SELECT a.id FROM balances a JOIN balances b ON a.owner = b.id ORDER BY b.balance", Page[str]),
        ("SELECT s.id FROM (SELECT id, owner FROM balances ORDER BY 2) s ORDER BY s.owner", Page[str]),
        ("WITH s AS (SELECT owner FROM balances GROUP BY 1) SELECT owner FROM s", Page[str]),
        ("SELECT b.id FROM balances b, json_each(b.tags) t ORDER BY CAST(t.value AS TEXT)", Page[str]),
        ("SELECT id FROM balances ORDER BY (SELECT max(balance) FROM balances) - balance", Page[str]),
    ],
)
def test_a_query_whose_rows_are_told_apart_is_paged(sql: str, annotation: Any) -> None:
    if annotation == Page[Any]:
        sql, annotation = sql.replace("*", "id, balance"), Page[Amount]
    check(sql, annotation)


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT max(owner) AS id FROM balances", "has one row, and no pages: annotate it"),
        ("SELECT id FROM balances ORDER BY random()", "differs each time: order by a column"),
        (
            "SELECT id, row_number() OVER (ORDER BY balance) AS balance FROM balances ORDER BY balance",
            "depends on other rows",
        ),
        ("SELECT id FROM balances UNION ALL SELECT owner FROM balances", "write UNION"),
        (
            "SELECT s.owner AS id FROM (SELECT owner, balance FROM balances) s",
            "nothing tells those of the query in FROM apart: select balances.id there too",
        ),
        ("SELECT id FROM balances ORDER BY email", "'email' is Sealed"),
        ("SELECT id FROM balances ORDER BY tags", "JSON has no order"),
        ("SELECT owner AS id FROM balances GROUP BY owner ORDER BY group_concat(id)", "no particular order"),
    ],
)
def test_what_has_no_steady_order_is_refused_with_the_fix(sql: str, why: str) -> None:
    with pytest.raises(DefinitionError, match=r"Balances\.asked") as caught:
        check(sql, Page[Amount] if "balance FROM balances ORDER" in sql else Page[Id])
    assert why in str(caught.value)


def test_a_page_says_of_what() -> None:
    with pytest.raises(DefinitionError, match="must say of what"):
        check("SELECT id FROM balances", Page)
