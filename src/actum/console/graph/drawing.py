"""Places the nodes of a graph in columns, so that no two overlap, no name is cut, and few arrows cross."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from actum.console.graph.parts import Graph, Node

LETTER = 7.6
"""The width of a letter of the names, whose font gives all letters the same; the widest of the fonts."""
SMALL_LETTER = 6.4
"""The same for the line below a name."""
HEADING_LETTER = 8.5
"""The same for the headings."""
MAX_LETTERS = 26
"""Letters on one line of a name."""
LINE = 17
"""The height of a line."""
PADDING = 12
MIN_WIDTH = 96
GAP = 16
"""Between two nodes of a column."""
HEADING = 34
MARGIN = 12
OUT = 60
"""The straight part of an arrow at its source, where its rate is written."""
BEND = 48
IN = 76
"""The straight part of an arrow at its target, where the lag is written."""
SWEEPS = 6
"""How often columns are sorted by their neighbours; more change nothing."""

BREAKS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[_. /-])")


class Box(Struct, frozen=True):
    """A node in its place: the corner, the size, and the lines of its name."""

    node: Node
    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]

    @property
    def middle(self) -> float:
        """Where arrows begin and end."""
        return self.y + self.height / 2

    @property
    def right(self) -> float:
        """Where arrows begin."""
        return self.x + self.width


class Arrow(Struct, frozen=True):
    """An arrow between two boxes, as a path of SVG."""

    source: Node
    target: Node
    path: str


class Drawing(Struct, frozen=True):
    """A graph with places; `columns` are the places of the columns' headings, None for an empty column."""

    width: float
    height: float
    boxes: list[Box]
    arrows: list[Arrow]
    columns: list[float | None]


def draw(graph: Graph, small: Mapping[str, str], headings: Sequence[str]) -> Drawing:
    """Places a graph; `small` is what is written below the name of each node, by its id."""
    ordered = _ordered(graph, len(headings))
    tops = _tops(ordered, graph)
    boxes: dict[Node, Box] = {}
    places: list[float | None] = []
    x = float(MARGIN)
    for column in ordered:
        places.append(x if column else None)
        if not column:
            continue
        width = max(_width(node, small) for node in column)
        for node in column:
            boxes[node] = Box(node, x, HEADING + tops[node], width, _node_height(node), wrapped(node.name))
        x += width + OUT + BEND + IN
    arrows = [Arrow(one, other, _path(boxes[one], boxes[other])) for one, other in graph.edges]
    ends = [x + len(text) * HEADING_LETTER for x, text in zip(places, headings, strict=True) if x is not None]
    right = max([*ends, *(box.right for box in boxes.values())], default=0)
    bottom = max((box.y + box.height for box in boxes.values()), default=HEADING)
    return Drawing(right + MARGIN, bottom + MARGIN, list(boxes.values()), arrows, places)


def wrapped(name: str) -> tuple[str, ...]:
    """Breaks a name into lines: where a word of it begins, or anywhere in a word that is too long itself."""
    lines = [""]
    for part in BREAKS.split(name):
        rest = part
        while rest:
            if len(lines[-1]) + len(rest) <= MAX_LETTERS:
                lines[-1] += rest
                rest = ""
            elif lines[-1]:
                lines.append("")
            else:
                lines[-1], rest = rest[:MAX_LETTERS], rest[MAX_LETTERS:]
                if rest:
                    lines.append("")
    return tuple(lines)


def _ordered(graph: Graph, columns: int) -> list[list[Node]]:
    """Sorts each column by the middle of what its nodes are joined to, from left to right and back."""
    found = [[node for node in graph.nodes if node.column == number] for number in range(columns)]
    before: dict[Node, list[Node]] = {}
    behind: dict[Node, list[Node]] = {}
    for source, target in graph.edges:
        behind.setdefault(source, []).append(target)
        before.setdefault(target, []).append(source)
    for sweep in range(SWEEPS):
        pairs = (
            list(pairwise(found)) if sweep % 2 == 0 else [(b, a) for a, b in reversed(list(pairwise(found)))]
        )
        joined = before if sweep % 2 == 0 else behind
        for fixed, sorted_column in pairs:
            _sort(sorted_column, fixed, joined)
    return found


def _sort(column: list[Node], fixed: Sequence[Node], joined: Mapping[Node, Sequence[Node]]) -> None:
    places = {node: place / max(1, len(fixed)) for place, node in enumerate(fixed)}
    own = {node: place / max(1, len(column)) for place, node in enumerate(column)}

    def middle(node: Node) -> float:
        found = [places[other] for other in joined.get(node, ()) if other in places]
        return sum(found) / len(found) if found else own[node]

    column.sort(key=middle)


def _tops(columns: Sequence[Sequence[Node]], graph: Graph) -> dict[Node, float]:
    """Gives the upper edge of each node: the longest column evenly, others beside what they are joined to."""
    joined: dict[Node, list[Node]] = {}
    for source, target in graph.edges:
        joined.setdefault(source, []).append(target)
        joined.setdefault(target, []).append(source)
    heights = [_height_of(column) for column in columns]
    tallest = max(heights, default=0)
    first = heights.index(tallest) if heights else 0
    order = sorted(range(len(columns)), key=lambda number: abs(number - first))
    tops: dict[Node, float] = {}
    for number in order:
        wanted = [_wanted(node, joined, tops) for node in columns[number]]
        tops |= _apart(columns[number], wanted, tallest)
    return tops


def _wanted(node: Node, joined: Mapping[Node, Sequence[Node]], tops: Mapping[Node, float]) -> float:
    """Gives the upper edge with which a node is in the middle of those that it is joined to."""
    middles = [tops[one] + _node_height(one) / 2 for one in joined.get(node, ()) if one in tops]
    if not middles:
        return 0.0
    return sum(middles) / len(middles) - _node_height(node) / 2


def _apart(column: Sequence[Node], wanted: Sequence[float], tallest: float) -> dict[Node, float]:
    """Moves the nodes of a column apart, in their order, and up where they would go beyond the longest."""
    tops: dict[Node, float] = {}
    free = 0.0
    for node, top in zip(column, wanted, strict=True):
        tops[node] = max(free, top)
        free = tops[node] + _node_height(node) + GAP
    end = tallest
    for node in reversed(column):
        tops[node] = min(tops[node], end - _node_height(node))
        end = tops[node] - GAP
    return tops


def _node_height(node: Node) -> float:
    return len(wrapped(node.name)) * LINE + LINE + PADDING


def _height_of(column: Sequence[Node]) -> float:
    return sum(map(_node_height, column)) + GAP * max(0, len(column) - 1)


def _width(node: Node, small: Mapping[str, str]) -> float:
    longest = max(map(len, wrapped(node.name))) * LETTER
    return max(MIN_WIDTH, longest + 2 * PADDING, len(small.get(node.id, "")) * SMALL_LETTER + 2 * PADDING)


def _path(one: Box, other: Box) -> str:
    """Goes straight out of its source and straight into its target, and bends in between."""
    begin, end = one.right + OUT, other.x - IN
    half = (begin + end) / 2
    return (
        f"M{one.right:.0f} {one.middle:.1f}H{begin:.0f}"
        f"C{half:.0f} {one.middle:.1f} {half:.0f} {other.middle:.1f} {end:.0f} {other.middle:.1f}"
        f"H{other.x - 5:.0f}"
    )
