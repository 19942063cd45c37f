"""The map: no box overlaps another, no name is cut, and arrows take the short way."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from actum.app import definition_of
from actum.console.graph.drawing import GAP, LETTER, MAX_LETTERS, PADDING, Box, draw, wrapped
from actum.console.graph.parts import COLUMNS, Graph, Node, graph_of
from tests.console.shop import app

HEADINGS = ("one", "two", "three", "four with a long heading")
names = st.text(alphabet="abcXYZ_./- 09é", min_size=1, max_size=70)
nodes = st.builds(Node, st.sampled_from(sorted(COLUMNS)), names)


@st.composite
def graphs(drawn: st.DrawFn) -> Graph:
    found = drawn(st.lists(nodes, max_size=60, unique=True))
    pairs = [(one, other) for one in found for other in found if other.column == one.column + 1]
    edges = drawn(st.lists(st.sampled_from(pairs), max_size=80, unique=True)) if pairs else []
    return Graph(found, edges)


def overlaps(one: Box, other: Box) -> bool:
    beside = one.x + one.width <= other.x or other.x + other.width <= one.x
    above = one.y + one.height <= other.y or other.y + other.height <= one.y
    return not (beside or above)


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_no_box_overlaps_another_and_every_name_fits(graph: Graph) -> None:
    drawing = draw(graph, {node.id: f"{node.kind}, stands still" for node in graph.nodes}, HEADINGS)

    assert {box.node for box in drawing.boxes} == set(graph.nodes)
    assert not any(overlaps(one, other) for one, other in combinations(drawing.boxes, 2))
    for box in drawing.boxes:
        assert "".join(box.lines) == box.node.name
        assert all(len(line) * LETTER + PADDING <= box.width for line in box.lines)
        assert box.x > 0
        assert box.right < drawing.width
        assert box.y + box.height < drawing.height


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_labels_have_a_straight_piece_of_arrow_to_themselves(graph: Graph) -> None:
    """All that leaves a box leaves it along one line; boxes of a column are apart by more than a label."""
    drawing = draw(graph, {}, HEADINGS)
    middles: dict[int, list[float]] = {}
    for box in drawing.boxes:
        middles.setdefault(box.node.column, []).append(box.middle)

    for column in middles.values():
        assert all(
            other - one > 12 + GAP for one, other in zip(sorted(column), sorted(column)[1:], strict=False)
        )


def test_a_name_is_broken_where_a_word_begins() -> None:
    assert wrapped("reserve_stock_for_every_line_of_it") == ("reserve_stock_for_every_", "line_of_it")
    assert wrapped("CustomerHasChangedTheirAddressAgain") == ("CustomerHasChangedTheir", "AddressAgain")
    assert wrapped("x" * 60) == ("x" * MAX_LETTERS, "x" * MAX_LETTERS, "x" * (60 - 2 * MAX_LETTERS))


def test_what_belongs_together_is_drawn_side_by_side() -> None:
    """Two entities declared in one order, whose views are declared in the other: no arrows cross."""
    first, second = Node("event", "First"), Node("event", "Second")
    one, other = Node("view", "one"), Node("view", "other")
    drawing = draw(Graph([first, second, other, one], [(first, one), (second, other)]), {}, HEADINGS)
    places = {box.node: box.middle for box in drawing.boxes}

    assert (places[first] < places[second]) == (places[one] < places[other])


def test_the_graph_has_what_is_declared_and_what_flows_between() -> None:
    graph = graph_of(definition_of(app).catalog)

    assert (Node("command", "place", "Order"), Node("entity", "Order")) in graph.edges
    assert (Node("entity", "Order"), Node("event", "Placed")) in graph.edges
    assert (Node("event", "Placed"), Node("view", "orders")) in graph.edges
    assert (Node("event", "Placed"), Node("action", "confirm")) in graph.edges
    assert (Node("event", "Paid"), Node("workflow", "Closing")) in graph.edges
    assert (Node("queue", "letters"), Node("action", "print_letter")) in graph.edges
    assert (Node("clock", "every 1 h"), Node("action", "sweep")) in graph.edges
    assert len(graph.nodes) == len(set(graph.nodes))


def test_a_part_that_nothing_leads_to_is_drawn_too() -> None:
    graph = Graph([Node("entity", "Alone")], [])

    assert [box.node.name for box in draw(graph, {}, HEADINGS).boxes] == ["Alone"]
