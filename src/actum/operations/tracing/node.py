"""The nodes of a trace, and the tree that is made of them."""

from typing import Literal

from msgspec import Struct, field

Sort = Literal[
    "request",
    "command",
    "event",
    "view",
    "action",
    "letter",
    "message",
    "timer",
    "workflow",
    "step",
]
Tone = Literal["", "good", "warn", "bad"]


class Node(Struct, eq=False):
    """One thing that happened, or is to happen, at a time (microseconds since 1970; None if not known).

    `status` says how it stands, `detail` what it holds. `place` names what the node is about: a kind of
    entity, an id and a version; a workflow's kind and id; the id of a letter.
    """

    sort: Sort
    title: str
    time: int | None = None
    status: str = ""
    tone: Tone = ""
    detail: str = ""
    place: tuple[str, ...] = ()
    children: list["Node"] = field(default_factory=list)


def sorted_by_time(nodes: list[Node]) -> list[Node]:
    """Sorts nodes, and theirs, by time; those whose time is not known come first, in their order."""
    for node in nodes:
        node.children = sorted_by_time(node.children)
    return sorted(nodes, key=lambda node: node.time or 0)


def count_of(nodes: list[Node]) -> int:
    """Counts nodes with all that are below them."""
    return sum(1 + count_of(node.children) for node in nodes)
