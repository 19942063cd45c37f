"""The listing of what has happened."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.commands import CommandLine, Process
from tests.cli.filling import fill


def test_events_are_listed_in_the_order_in_which_they_were_written(shop: Path, actum: CommandLine) -> None:
    fill(("a", 3), ("b", 4))

    result = actum("events", "shop")

    assert [line.split(maxsplit=6) for line in result.out.splitlines()] == [
        ["1", "2030-01-01", "00:00:01.000Z", "Order/a@1", "Paid", '{"amount":3}'],
        ["2", "2030-01-01", "00:00:01.000Z", "Order/a@2", "order.labelled", "{}", "from Order/a@1"],
        ["3", "2030-01-01", "00:00:02.000Z", "Order/b@1", "Paid", '{"amount":4}'],
        ["4", "2030-01-01", "00:00:02.000Z", "Order/b@2", "order.labelled", "{}", "from Order/b@1"],
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("events", "shop", "--after", "9223372036854775808"),
        ("events", "shop", "--limit", "9223372036854775808"),
        ("entity", "shop", "Order", "a", "--at", "9223372036854775808"),
        ("entity", "shop", "Order", "a", "--limit", "9223372036854775808"),
        ("ids", "shop", "Order", "--limit", "9223372036854775808"),
        ("dead-letters", "show", "shop", "9223372036854775808"),
        ("dead-letters", "retry", "shop", "9223372036854775808"),
    ],
)
def test_a_number_that_no_store_holds_is_a_mistyped_command(
    shop: Path, actum: CommandLine, arguments: tuple[str, ...]
) -> None:
    fill(("a", 3))

    result = actum(*arguments)

    assert (result.code, result.out) == (2, "")
    assert "OverflowError" not in result.err


def test_an_erasure_is_listed_where_it_happened(shop: Path, actum: CommandLine) -> None:
    """The entity's events are gone; what is left says so, and is found by its type."""
    fill(("a", 3), ("b", 4), erased=["a"])

    listed = actum("events", "shop", "--type", "actum.Deleted")
    none = actum("events", "shop", "--type", "actum.Deleted", "--after", "5")

    assert [line.split(maxsplit=6)[3:] for line in listed.out.splitlines()] == [
        ["Order/a@0", "actum.Deleted", '{"kind":"Order","id":"a","why":"erased"}']
    ]
    assert [line.split()[3] for line in actum("events", "shop").out.splitlines()] == [
        "Order/b@1",
        "Order/b@2",
        "Order/a@0",
    ]
    assert (none.out, none.code) == ("", 0)


def test_an_event_in_json_has_its_payload_and_metadata_as_they_are_stored(
    shop: Path, actum: CommandLine
) -> None:
    fill(("a", 3))

    first, second = actum("events", "shop", "--json").lines

    assert list(first.items())[:8] == [
        ("position", 1),
        ("kind", "Order"),
        ("id", "a"),
        ("version", 1),
        ("type", "Paid"),
        ("type_version", 1),
        ("time", "2030-01-01T00:00:01Z"),
        ("event", {"amount": 3}),
    ]
    assert first["metadata"]["command"] == "pay"
    assert second["metadata"]["causation_id"] == "Order/a@1"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--after", "3"], [4, 5, 6]),
        (["--limit", "2"], [1, 2]),
        (["--kind", "Order"], [1, 2, 3, 4, 5, 6]),
        (["--id", "b"], [3, 4]),
        (["--type", "order.labelled"], [2, 4, 6]),
        (["--type", "order.labelled", "--after", "2", "--limit", "1"], [4]),
        (["--id", "nobody"], []),
    ],
)
def test_events_are_chosen_by_position_kind_id_and_type(
    shop: Path, actum: CommandLine, options: list[str], expected: list[int]
) -> None:
    fill(("a", 3), ("b", 4), ("c", 5))

    result = actum("events", "shop", "--json", *options)

    assert result.code == 0
    assert [line["position"] for line in result.lines] == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--kind", "Ordr"], "error: shop has no entity 'Ordr'; it has Order\n"),
        (["--type", "Labelled"], "error: shop has no event 'Labelled'; it has "),
        (["--type", "Labelled", "--follow"], "error: shop has no event 'Labelled'; it has "),
    ],
)
def test_a_name_that_nothing_has_is_answered_with_those_there_are(
    shop: Path, actum: CommandLine, options: list[str], expected: str
) -> None:
    fill(("a", 3))

    result = actum("events", "shop", *options)

    assert result.code == 1
    assert result.err.startswith(expected)


def test_what_an_id_holds_cannot_steer_the_terminal(shop: Path, actum: CommandLine) -> None:
    fill(("\x1b[2J\x9b31m\n", 3))

    result = actum("events", "shop", "--limit", "1")

    assert "Order/\\x1b[2J\\x9b31m\\n@1" in result.out
    assert len(result.out.splitlines()) == 1


@pytest.mark.parametrize(
    ("store", "expected"),
    [
        ([], "error: there is no store shop.db in "),
        (["--store", "memory:"], "error: a store in memory ends with its process"),
        (["--store", "sqlite:///nowhere/shop.db"], "error: there is no directory nowhere"),
        (["--store", "sqlite:///shop.py"], "error: shop.py is not an Actum store, nor any SQLite file"),
        (["--store", "cassandra://there"], "error: 'cassandra://there' names no store that Actum knows"),
    ],
)
def test_a_store_that_cannot_be_looked_into_is_said_in_one_line_and_none_is_made(
    shop: Path, actum: CommandLine, store: list[str], expected: str
) -> None:
    before = sorted(file.name for file in shop.iterdir() if file.is_file())

    result = actum("events", "shop", *store)

    assert (result.code, len(result.err.splitlines())) == (1, 1)
    assert result.err.startswith(expected)
    assert sorted(file.name for file in shop.iterdir() if file.is_file()) == before


def test_the_store_is_the_one_that_the_environment_names(
    shop: Path, actum: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(("a", 3))
    (shop / "shop.db").rename(shop / "moved.db")
    monkeypatch.setenv("ACTUM_STORE", "sqlite:///moved.db")

    result = actum("events", "shop", "--json")

    assert len(result.lines) == 2


@pytest.mark.slow
def test_who_follows_sees_what_another_process_writes(shop: Path, start: Callable[..., Process]) -> None:
    fill(("a", 3))
    follower = start("events", "shop", "--follow", "--after", "1", "--limit", "3")
    follower.out.wait_for("Order/a@2")

    fill(("b", 4))

    assert "Order/b@1" in follower.out.wait_for("Paid")
    assert follower.end() == 0
