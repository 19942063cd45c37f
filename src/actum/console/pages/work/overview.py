"""What works in the background: every action, queue and kind of workflow, and what stands still, and why."""

from collections import defaultdict
from typing import Any

from litestar import Response

from actum.console.pages.standing import stuck_parts
from actum.console.visit import Visit
from actum.errors import NotFound
from actum.operations.inspection.readable import shown_json
from actum.operations.work.actions import list_actions

MAX_MESSAGES = 100


async def show(visit: Visit) -> Response[Any]:
    """Shows all of it."""
    services = visit.services
    actions = await list_actions(visit.stores, visit.app, services.readiness.actions)
    standing = [one for one in await services.readiness.look() if one.part != "view"]
    workers = [one.worker for one in services.readiness.actions if one.worker is not None]
    taken = {worker.name: worker.taken for worker in workers}
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for count in await visit.stores.database.workflow_counts():
        counts[count.kind][count.status] = count.count
    kinds = [*visit.catalog.workflows, *(kind for kind in counts if kind not in visit.catalog.workflows)]
    return visit.show(
        "work/overview.html",
        part="",
        actions=actions,
        stuck=stuck_parts(visit, standing),
        wanted=visit.text("name"),
        rates=visit.shared.throughput.look(taken),
        queues=await services.broker.counts(),
        known=services.queues,
        workflows={kind: counts.get(kind, {}) for kind in kinds if not kind.startswith("$")},
    )


async def show_queue(visit: Visit) -> Response[Any]:
    """Shows the first messages of a queue that wait."""
    name = visit.text("name")
    counts = await visit.services.broker.counts()
    if name not in visit.services.queues and name not in counts:
        known = ", ".join(visit.services.queues) or "none"
        raise NotFound(f"{visit.app.name} has no queue {name!r}; it has {known}")
    after = visit.number("after", 0)
    messages = await visit.services.broker.messages(name, after, MAX_MESSAGES)
    next = messages[-1].id if len(messages) == MAX_MESSAGES else None
    return visit.show(
        "work/queue.html",
        part="",
        name=name,
        count=counts.get(name, 0),
        messages=[(message, shown_json(message.body)) for message in messages],
        next=next,
    )
