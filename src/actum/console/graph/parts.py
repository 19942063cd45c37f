"""The parts of an application and what flows between them, as its declarations say."""

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import Literal

from msgspec import Struct

from actum.console.formats import span
from actum.model.action import Bound, OnCron, OnEvents, OnInterval, OnMessage
from actum.runtime.catalog import Catalog

MICROSECOND = timedelta(microseconds=1)

NodeKind = Literal["command", "entity", "event", "queue", "clock", "view", "action", "workflow"]

COLUMNS: dict[NodeKind, int] = {
    "command": 0,
    "entity": 1,
    "event": 2,
    "queue": 2,
    "clock": 2,
    "view": 3,
    "action": 3,
    "workflow": 3,
}
"""In which column a node is drawn; arrows go from one column to the next."""


class Node(Struct, frozen=True):
    """A part: `owner` is the entity of a command, "" for other parts."""

    kind: NodeKind
    name: str
    owner: str = ""

    @property
    def id(self) -> str:
        """What no other node has."""
        return f"{self.kind}:{self.owner}:{self.name}"

    @property
    def column(self) -> int:
        """The column in which it is drawn, from 0."""
        return COLUMNS[self.kind]


class Graph(Struct, frozen=True):
    """Nodes, and edges between those of one column and the next."""

    nodes: list[Node]
    edges: list[tuple[Node, Node]]


def graph_of(catalog: Catalog) -> Graph:
    """Gives the graph of an application, without requests: what they call is not declared."""
    # A dict keeps the order in which nodes are found, and each only once.
    nodes: dict[Node, None] = {}
    edges: dict[tuple[Node, Node], None] = {}
    for source, target in _edges(catalog):
        nodes[source] = nodes[target] = None
        edges[source, target] = None
    for node in _parts(catalog):
        nodes[node] = None
    return Graph(list(nodes), list(edges))


def around(graph: Graph, ids: Collection[str]) -> Graph:
    """Gives what leads to some nodes, and what follows from them."""
    wanted = {node for node in graph.nodes if node.id in ids}
    found = _reached(wanted, graph.edges) | _reached(wanted, [(b, a) for a, b in graph.edges])
    return Graph(
        [node for node in graph.nodes if node in found],
        [(source, target) for source, target in graph.edges if {source, target} <= found],
    )


def _reached(nodes: set[Node], edges: Sequence[tuple[Node, Node]]) -> set[Node]:
    """Gives nodes, and all to which edges lead from them."""
    found: set[Node] = set()
    new = set(nodes)
    while new:
        found |= new
        new = {target for source, target in edges if source in new} - found
    return found


def _parts(catalog: Catalog) -> Iterator[Node]:
    """Gives the parts that may have no edge."""
    for name in catalog.kinds:
        yield Node("entity", name)
    for name in catalog.views:
        yield Node("view", name)
    for name in catalog.workflows:
        yield Node("workflow", name)


def _edges(catalog: Catalog) -> Iterator[tuple[Node, Node]]:
    for kind in catalog.kinds.values():
        entity = Node("entity", kind.name)
        for command in kind.commands:
            yield Node("command", command, kind.name), entity
        for event in kind.reductions:
            yield entity, Node("event", event.__event_type__.name)
    for view in catalog.views.values():
        for name in view.by_name:
            if name in catalog.events:
                yield Node("event", name), Node("view", view.name)
    for bound in catalog.bound:
        yield from _triggers(bound)


def _triggers(bound: Bound) -> Iterator[tuple[Node, Node]]:
    target = (
        Node("action", bound.name)
        if bound.starts is None
        else Node("workflow", bound.starts.workflow.__workflow_options__.name)
    )
    match bound.trigger:
        case OnEvents():
            for event in bound.trigger.events:
                yield Node("event", event.__event_type__.name), target
        case OnMessage():
            yield Node("queue", bound.trigger.queue), target
        case OnInterval():
            yield Node("clock", f"every {span(bound.trigger.interval / MICROSECOND)}"), target
        case OnCron():
            yield Node("clock", bound.trigger.expression), target
        case _:
            pass
