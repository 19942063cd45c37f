"""Views, as the command line lists them and has them built anew."""

import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.commands import CommandLine, Process
from tests.cli.filling import fill


def spoil(store: Path) -> None:
    """Changes a view's rows behind the application's back."""
    connection = sqlite3.connect(store)
    connection.execute("UPDATE sales__1 SET amount = 1000")
    connection.commit()
    connection.close()


def total(store: Path) -> int:
    connection = sqlite3.connect(store)
    found: int = connection.execute("SELECT sum(amount) FROM sales").fetchone()[0]
    connection.close()
    return found


def test_views_are_listed_with_how_far_they_have_got(shop: Path, actum: CommandLine) -> None:
    fill(("a", 3), ("b", 4))

    (line,) = actum("views", "list", "shop", "--json").lines
    table = actum("views", "list", "shop").out.splitlines()

    assert line == {
        "name": "sales",
        "generation": 1,
        "is_live": True,
        "is_current": True,
        "is_declared": True,
        "position": 4,
        "head": 4,
    }
    assert table[1].split() == ["sales", "1", "4", "0", "serves"]


def test_a_view_that_was_not_built_yet_or_is_declared_no_more_is_listed_as_such(
    shop: Path, actum: CommandLine
) -> None:
    fill(("a", 3))
    renamed = (shop / "shop.py").read_text().replace("class Sales(View)", 'class Sales(View, name="takings")')
    (shop / "till.py").write_text(renamed.replace("FROM sales", "FROM takings"))

    lines = actum("views", "list", "till").out.splitlines()

    assert lines[1].split(maxsplit=4)[4] == "no longer declared"
    assert lines[2].split(maxsplit=4)[::4] == [
        "takings",
        "not built yet: the application builds it when it starts",
    ]


def test_a_view_is_built_anew_while_no_application_runs(shop: Path, actum: CommandLine) -> None:
    fill(("a", 3), ("b", 4))
    spoil(shop / "shop.db")

    result = actum("views", "rebuild", "shop", "sales")

    assert result.code == 0
    assert total(shop / "shop.db") == 7
    (line,) = actum("views", "list", "shop", "--json").lines
    assert (line["generation"], line["is_live"], line["position"]) == (2, True, 4)


def test_a_view_of_an_empty_history_can_be_built_anew(shop: Path, actum: CommandLine) -> None:
    fill()

    result = actum("views", "rebuild", "shop", "sales")

    assert result.code == 0


def test_a_view_that_is_built_with_rows_set_aside_says_so_in_one_line(shop: Path, actum: CommandLine) -> None:
    fill(("a", 3), ("b", 4))
    broken = (
        (shop / "shop.py")
        .read_text()
        .replace("self.amount += event.amount", "self.amount += 10 // (event.amount - 3)")
    )
    (shop / "broken.py").write_text(broken)

    result = actum("views", "rebuild", "broken", "sales")

    assert result.code == 1
    assert "error: view sales is built, and 1 row of it is set aside: see actum views show" in result.err
    assert total(shop / "shop.db") == 10


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["sale"], "error: shop has no view 'sale'; it has sales\n"),
        (["sales"], "error: there is no store shop.db in {folder}: start the application once, "),
    ],
)
def test_a_rebuild_without_a_view_or_a_store_makes_nothing(
    shop: Path, actum: CommandLine, arguments: list[str], expected: str
) -> None:
    result = actum("views", "rebuild", "shop", *arguments)

    assert result.code == 1
    assert result.err.startswith(expected.format(folder=shop))
    assert result.err.count("\n") == 1
    assert list(shop.glob("*.db*")) == []


@pytest.mark.slow
def test_a_running_application_builds_a_view_anew_when_it_is_asked_to(
    shop: Path, start: Callable[..., Process], actum: CommandLine
) -> None:
    fill(("a", 3), ("b", 4))
    server = start("run", "shop", "--port", "0")
    assert server.url
    spoil(shop / "shop.db")

    result = actum("views", "rebuild", "shop", "sales")

    assert result.code == 0
    assert total(shop / "shop.db") == 7
    assert server.stop() == 0


CHECK = """
unlucky = {13}

def checked(amount):
    if amount in unlucky:
        raise ValueError("unlucky")
    return amount
"""


def spoil_code(shop: Path) -> None:
    """Has the shop's view call a function of another module, which fails on 13."""
    (shop / "sums.py").write_text(CHECK)
    text = (shop / "shop.py").read_text()
    text = text.replace("from msgspec import Struct", "import sums\nfrom msgspec import Struct", 1)
    text = text.replace("self.amount += event.amount", "self.amount += sums.checked(event.amount)")
    (shop / "shop.py").write_text(text)


def test_rows_that_are_set_aside_are_shown_with_why(shop: Path, actum: CommandLine) -> None:
    spoil_code(shop)
    fill(("a", 3), ("b", 13), ("a", 4), ("b", 5))

    (line,) = actum("views", "show", "shop", "sales", "--json").lines
    table = actum("views", "show", "shop", "sales").out.splitlines()

    assert (line["view"], line["key"], line["generation"], line["waiting"]) == ("sales", "b", 1, 2)
    assert "unlucky" in line["error"]
    assert table[1].split()[:4] == ["b", "1", str(line["position"]), "2"]
    assert total(shop / "shop.db") == 7


def test_rows_are_tried_again_when_the_application_starts(shop: Path, actum: CommandLine) -> None:
    spoil_code(shop)
    fill(("a", 3), ("b", 13), ("b", 5))

    asked = actum("views", "retry", "shop", "sales", "b")
    nobody = actum("views", "retry", "shop", "sales", "nobody")
    sys.modules["sums"].unlucky.clear()
    fill()

    assert (asked.code, nobody.code) == (0, 0)
    assert asked.out == "1 rows: the application retries them when it starts\n"
    assert nobody.out == "view sales has no row 'nobody' set aside\n"
    assert total(shop / "shop.db") == 21
    assert actum("views", "show", "shop", "sales", "--json").lines == []


def test_a_running_application_tries_rows_again_when_it_is_asked(
    shop: Path, actum: CommandLine, start: Callable[..., Process]
) -> None:
    """It says which stay set aside, and ends with 1 for that."""
    spoil_code(shop)
    fill(("a", 3), ("b", 13), ("c", 13))
    _ = start("run", "shop", "--port", "0").url

    result = actum("views", "retry", "shop", "sales")

    assert result.code == 1
    assert "set aside again" in result.out
    assert "unlucky" in result.out
