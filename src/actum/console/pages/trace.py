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
    found: tuple[str, ...] = ()
    query: dict[str, str] = {}
    match node.sort, node.place:
        case (("command" | "event"), (kind, id, version)):
            found, query = ("entities", "one"), {"kind": kind, "id": id, "version": version}
        case "timer", (kind, id):
            found, query = ("entities", "one"), {"kind": kind, "id": id}
        case "workflow", (kind, id):
            found, query = ("work", "workflow"), {"kind": kind, "id": id}
        case "letter", (id,):
            found, query = ("work", "letter"), {"id": id}
        case "message", (name,):
            found, query = ("work", "queue"), {"name": name}
        case "view", (name,):
            found = ("views", name)
        case "action", (name,):
            found, query = ("work",), {"name": name}
        case _:
            pass
    return visit.url(*found, **query) if found else ""


TRACE = Page("trace", "Trace", (get("", show),))
