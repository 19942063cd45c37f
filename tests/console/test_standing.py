"""What is said of parts that stand still: each has a line, an address, and what an operator does about it."""

from typing import get_args

import pytest

from actum.console.graph.parts import Graph, Node, around
from actum.console.pages.standing import RETRYING, WITHOUT_CLASS, advice_for, standing_url, stuck_parts
from actum.runtime.actions.action_names import ActionPart
from actum.runtime.gauges.standstill import Part, Standstill, State


class Pages:
    """Addresses as the console gives them, written short."""

    def has_page(self, name: str) -> bool:
        return True

    def url(self, page: str = "", *parts: str, **query: object) -> str:
        return "/".join([page, *parts]) + "".join(f" {name}={value}" for name, value in query.items())


def stuck(part: Part, state: State, key: str | None = None, name: str = "it") -> Standstill:
    return Standstill(part, name, state, 7, "why", key)


@pytest.mark.parametrize("state", get_args(State))
@pytest.mark.parametrize("part", [*get_args(ActionPart), "store", "view", "workflow", "task", "feed"])
def test_every_state_of_every_part_says_what_to_do(part: Part, state: State) -> None:
    assert advice_for(stuck(part, state)).endswith(".")


def test_what_is_said_fits_whether_time_alone_helps() -> None:
    assert advice_for(stuck("queue", "lags", "#1")) == RETRYING
    assert advice_for(stuck("queue", "lags")).startswith("Wait")
    assert advice_for(stuck("workflow", "stands still")) == WITHOUT_CLASS
    assert advice_for(stuck("workflow", "stands still", "w-1")).startswith("Fix the cause")


@pytest.mark.parametrize(
    ("one", "url"),
    [
        (stuck("view", "set aside", "o1"), "views/it"),
        (stuck("store", "stopped"), "store"),
        (stuck("clock", "dead letter", "x", "sweep@clock"), "work/letters action=sweep@clock status=dead"),
        (stuck("timers", "lags", "x", "timers"), "work/letters action=timers status=retrying"),
        (stuck("action", "lags"), "work name=it"),
        (stuck("workflow", "stands still", "w-1"), "work/workflow kind=it id=w-1"),
        (stuck("workflow", "stands still"), "work name=it"),
    ],
)
def test_each_part_leads_to_where_it_is_seen_to(one: Standstill, url: str) -> None:
    assert standing_url(Pages(), one) == url


def test_what_stands_still_of_one_part_is_one_line() -> None:
    workflows = [stuck("workflow", "stands still", f"w-{number}") for number in range(3)]

    lines = stuck_parts(Pages(), [workflows[0], stuck("view", "set aside", "o1"), *workflows[1:]])

    assert [(line.first.part, line.more, line.key_name) for line in lines] == [
        ("workflow", 2, "id"),
        ("view", 0, "row"),
    ]
    assert lines[0].url == "work/workflows kind=it status=stalled"


def test_a_map_around_a_part_has_what_leads_to_it_and_what_follows_and_no_more() -> None:
    place, order = Node("command", "place", "Order"), Node("entity", "Order")
    placed, paid = Node("event", "Placed"), Node("event", "Paid")
    view, other = Node("view", "orders"), Node("view", "payments")
    edges = [(placed, view), (place, order), (order, placed), (order, paid), (paid, other)]
    whole = Graph([place, order, placed, paid, view, other], edges)

    found = around(whole, {placed.id})

    assert found.nodes == [place, order, placed, view]
    assert found.edges == [(placed, view), (place, order), (order, placed)]
