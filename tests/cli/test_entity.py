"""One entity, and the entities of a kind, as the command line shows them."""

from pathlib import Path

import pytest

from tests.cli.commands import CommandLine
from tests.cli.filling import fill


def test_an_entity_is_shown_with_its_state_its_version_and_its_history(
    shop: Path, actum: CommandLine
) -> None:
    fill(("a", 3), ("a", 4))

    result = actum("entity", "shop", "Order", "a")

    lines = [line.split() for line in result.out.splitlines()]
    assert lines[:4] == [
        ["Order/a@4", "2030-01-01", "00:00:02.000Z"],
        ["paid", "=", "7"],
        ["labels", "=", "2"],
        [],
    ]
    assert [(line[0], line[3], line[4]) for line in lines[5:]] == [
        ("1", "pay", "Paid"),
        ("2", "label", "order.labelled"),
        ("3", "pay", "Paid"),
        ("4", "label", "order.labelled"),
    ]


def test_an_entity_is_shown_as_it_was_at_a_version(shop: Path, actum: CommandLine) -> None:
    fill(("a", 3), ("a", 4))

    (shown,) = actum("entity", "shop", "Order", "a", "--at", "2", "--json").lines

    assert (shown["version"], shown["time"]) == (2, "2030-01-01T00:00:01Z")
    assert shown["state"] == {"paid": 3, "labels": 1}
    assert [event["version"] for event in shown["events"]] == [1, 2]


def test_the_newest_events_are_shown_first_when_there_are_many(shop: Path, actum: CommandLine) -> None:
    fill(*[("a", amount) for amount in range(1, 13)])

    brief = actum("entity", "shop", "Order", "a")
    shorter = actum("entity", "shop", "Order", "a", "--limit", "1", "--json")
    whole = actum("entity", "shop", "Order", "a", "--json")

    assert "(4 earlier; --limit shows more)" in brief.out
    assert brief.out.count("order.labelled") == 10
    assert [event["version"] for event in shorter.lines[0]["events"]] == [24]
    assert len(whole.lines[0]["events"]) == 24


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["Ordr", "a"], "shop has no entity 'Ordr'; it has Order"),
        (["Order", "z"], "there is no Order 'z'"),
        (["Order", "a", "--at", "9"], "Order/a has no version 9: it is at 2"),
    ],
)
def test_an_entity_that_is_not_there_is_said_in_one_line(
    shop: Path, actum: CommandLine, arguments: list[str], expected: str
) -> None:
    fill(("a", 3))

    result = actum("entity", "shop", *arguments)

    assert (result.code, result.err) == (1, f"error: {expected}\n")


def test_entities_are_listed_by_the_time_of_their_first_event(shop: Path, actum: CommandLine) -> None:
    fill(("c", 3), ("a", 4), ("b", 5), ("c", 6))

    result = actum("ids", "shop", "Order", "--json")

    assert result.lines == [
        {"id": "c", "version": 4, "first_time": "2030-01-01T00:00:01Z", "last_time": "2030-01-01T00:00:04Z"},
        {"id": "a", "version": 2, "first_time": "2030-01-01T00:00:02Z", "last_time": "2030-01-01T00:00:02Z"},
        {"id": "b", "version": 2, "first_time": "2030-01-01T00:00:03Z", "last_time": "2030-01-01T00:00:03Z"},
    ]


def test_entities_are_listed_to_a_limit_and_the_youngest_first_on_request(
    shop: Path, actum: CommandLine
) -> None:
    fill(("c", 3), ("a", 4), ("b", 5))

    result = actum("ids", "shop", "Order", "--reverse", "--limit", "2")

    assert [line.split()[-1] for line in result.out.splitlines()] == ["b@2", "a@2"]


def test_a_listing_goes_on_over_many_pages(
    shop: Path, actum: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actum.operations.entities.MAX_PAGE", 2)
    fill(*[(f"o{number}", number) for number in range(1, 6)])

    whole = actum("ids", "shop", "Order", "--json")
    part = actum("ids", "shop", "Order", "--json", "--limit", "3")

    assert [line["id"] for line in whole.lines] == ["o1", "o2", "o3", "o4", "o5"]
    assert [line["id"] for line in part.lines] == ["o1", "o2", "o3"]
