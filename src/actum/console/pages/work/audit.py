"""The audit log: what operators did, who, when, and how it ended."""

from typing import Any

from litestar import Response

from actum.console.visit import Visit
from actum.operations.inspection.readable import shown_json
from actum.operations.repairs.audit import find_act, list_acts


async def show_list(visit: Visit) -> Response[Any]:
    """Shows a page of what operators did, the newest first."""
    after = visit.number("after", 0)
    found = await list_acts(visit.stores.database, after=after, limit=visit.limit())
    return visit.show("work/audit.html", part="audit", found=found)


async def show_one(visit: Visit) -> Response[Any]:
    """Shows one act, with what something was before it was edited, and after."""
    found = await find_act(visit.stores.database, visit.text("id"))
    texts = bytes(found.act.before), bytes(found.act.after)
    before, after = (shown_json(text) if text else None for text in texts)
    return visit.show("work/act.html", part="audit", one=found, before=before, after=after)
