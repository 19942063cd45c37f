"""The page Trace: everything that one request led to, as a tree with times."""

from typing import Any

from litestar import Response

from actum.console.page import Page, get
from actum.console.visit import Visit
from actum.operations.tracing.node import Node
from actum.operations.tracing.trace import newest_correlations, trace


async def show(visit: Visit) -> Response[Any]:
    """Shows the trace of a correlation id; without one, those of the newest events."""
    correlation_id = visit.text("id")
    if not correlation_id:
        return visit.show("traces.html", found=await newest_correlations(visit.stores))
    near = visit.number("near", 0) or None
    found = await trace(visit.stores, visit.app, correlation_id, near=near)
    return visit.show("trace.html", trace=found, place=lambda node: _place(visit, node))


def _place(visit: Visit, node: Node) -> str:
    """Gives the address of the page that shows what a node is about, or ""."""
    place = node.place
    if node.sort in ("command", "event"):
        return visit.url("entities", "one", kind=place[0], id=place[1], version=place[2])
    if node.sort == "timer":
        return visit.url("entities", "one", kind=place[0], id=place[1])
    if node.sort == "workflow":
        return visit.url("work", "workflow", kind=place[0], id=place[1])
    if node.sort == "letter":
        return visit.url("work", "letter", id=place[0])
    if node.sort == "message":
        return visit.url("work", "queue", name=place[0])
    return visit.url("work") if node.sort == "action" else ""


TRACE = Page("trace", "Trace", (get("", show),))
