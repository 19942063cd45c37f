"""The page Map: the application drawn from its declarations, what flows through it, and what stands still."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Response
from msgspec import Struct

from actum.console.formats import rate
from actum.console.graph.drawing import Arrow, Box, draw
from actum.console.graph.parts import Graph, Node, around, graph_of
from actum.console.graph.traffic import Rates
from actum.console.links import entity_url, event_url, view_url, work_url
from actum.console.page import Page, get
from actum.console.pages.standing import OF_ACTION, stuck_parts
from actum.console.visit import Visit
from actum.errors import ActumError
from actum.model.error_text import error_message
from actum.runtime.gauges.standstill import Standstill
from actum.runtime.services import Services

HEADINGS = ("Commands", "Entities", "Events, queues, clock", "Views, actions, workflows")
PATIENCE = 1.5
"""Seconds that a store has for the figures; the map is shown without them otherwise."""
MAX_LISTED = 50
"""Parts that stand still that are listed."""
MANY = 30
"""Parts above which the map can be narrowed down."""
STUCK = "stuck"
"""What is written in place of a part to see all that stand still or lag."""
TRIGGER = re.compile(r"@(clock|queue:.*)$", re.DOTALL)
"""What follows the name of an action in the name of its worker."""
STARTS = "start_"
"""What precedes the name of a workflow in the name of an action that only starts it."""


class Shown(Struct, frozen=True):
    """A box with what is written at it: its tone (good, warn, bad), address, and the labels of its arrows."""

    box: Box
    tone: str
    url: str
    small: str
    flow: str
    lag: str
    title: str


class Flow(Struct, frozen=True):
    """An arrow; it `is_moving` while something flows along it."""

    arrow: Arrow
    is_moving: bool
    tone: str


class Figures(Struct, frozen=True):
    """What is known of the parts now: rates, and how much waits, by the id of a node."""

    rates: Rates
    behind: Mapping[str, int]
    waiting: Mapping[str, int]


async def show(visit: Visit) -> Response[Any]:
    """Draws the map."""
    figures, problem = await _figures(visit)
    # Last, so that it also knows why figures are missing.
    standing = await visit.services.readiness.look()
    whole = graph_of(visit.catalog)
    stuck = stuck_parts(visit, standing)
    tones = _tones(standing)
    graph = _wanted(whole, visit.text("only"), tones)
    small = {node.id: _small(node, tones) for node in graph.nodes}
    drawing = draw(graph, small, HEADINGS)
    boxes = [_shown(visit, box, tones, small[box.node.id], figures) for box in drawing.boxes]
    arrows = [
        Flow(arrow, _flow(arrow, figures.rates) > 0, tones.get(arrow.target.id, ""))
        for arrow in drawing.arrows
    ]
    return visit.show(
        "map.html",
        drawing=drawing,
        boxes=boxes,
        arrows=arrows,
        headings=[(x, text) for x, text in zip(drawing.columns, HEADINGS, strict=True) if x is not None],
        stuck=stuck[:MAX_LISTED],
        more=max(0, len(stuck) - MAX_LISTED),
        problem_text=problem,
        choices=sorted(
            {node.id: node for node in whole.nodes}.values(), key=lambda node: (node.kind, node.name)
        )
        if len(whole.nodes) > MANY
        else [],
        only=visit.text("only"),
        stuck_only=STUCK,
    )


def _wanted(whole: Graph, only: str, tones: Mapping[str, str]) -> Graph:
    """Gives all of a graph, or what leads to one part, or to all that stand still, and what follows."""
    if not only:
        return whole
    return around(whole, tones if only == STUCK else {only})


async def _figures(visit: Visit) -> tuple[Figures, str]:
    """Gives the figures, and why some are missing."""
    services = visit.services
    behind = {
        f"view::{name}": max(0, services.feed.readable - work.live.position)
        for name, work in services.views.works.items()
        if work.live is not None
    }
    for one in services.readiness.actions:
        if one.worker is not None:
            place = _place("action", one.worker.name)
            behind[place] = behind.get(place, 0) + one.worker.behind
    rates, waiting, problem = Rates({}), dict[str, int](), ""
    if services.readiness.lost_stores:
        # The map itself needs no store, so it is there when an operator needs it most.
        return Figures(rates, behind, waiting), "the store does not answer"
    try:
        async with asyncio.timeout(PATIENCE):
            rates = await visit.shared.traffic.look(services.feed, services.journal)
            waiting = await _waiting(services)
    except (ActumError, TimeoutError) as error:
        problem = error_message(error) or f"the store gave no answer within {PATIENCE:g} s"
    return Figures(rates, behind, waiting), problem


async def _waiting(services: Services) -> dict[str, int]:
    """Gives how many messages wait and workflows run, by the id of the node."""
    counts = services.readiness.lags.counts
    waiting = {f"queue::{name}": count for name, count in (await counts.messages()).items()}
    for count in await counts.workflows():
        if count.status == "running":
            waiting[f"workflow::{count.kind}"] = count.count
    return waiting


def _place(part: str, name: str) -> str:
    """Gives the id of the node for a part: an action has a name for each of its triggers."""
    if part in OF_ACTION:
        name = TRIGGER.sub("", name)
        if name.startswith(STARTS):
            return f"workflow::{name.removeprefix(STARTS)}"
        return f"action::{name}"
    return f"{part}::{name}"


def _tones(standing: Sequence[Standstill]) -> Mapping[str, str]:
    """Gives the tone of parts that stand still or lag, by the id of the node; the most serious counts."""
    found: dict[str, str] = {}
    for one in standing:
        place = _place(one.part, one.name)
        if found.get(place) != "bad":
            found[place] = "bad" if one.is_failure else "warn"
    return found


def _small(node: Node, tones: Mapping[str, str]) -> str:
    tone = tones.get(node.id, "")
    return {"bad": f"{node.kind}, stands still", "warn": f"{node.kind}, lags"}.get(tone, node.kind)


def _flow(arrow: Arrow, rates: Rates) -> float:
    """Gives how many events a second go along an arrow: of an entity's, those of its target's type."""
    if arrow.source.kind == "entity":
        return rates.of(kind=arrow.source.name, type=arrow.target.name)
    return _rate(arrow.source, rates)


def _rate(node: Node, rates: Rates) -> float:
    match node.kind:
        case "command":
            return rates.of(kind=node.owner, command=node.name)
        case "entity":
            return rates.of(kind=node.name)
        case "event":
            return rates.of(type=node.name)
        case _:
            return 0.0


def _shown(
    visit: Visit,
    box: Box,
    tones: Mapping[str, str],
    small: str,
    figures: Figures,
) -> Shown:
    node = box.node
    flow = _rate(node, figures.rates)
    waiting, behind = figures.waiting.get(node.id, 0), figures.behind.get(node.id, 0)
    label = f"{waiting:,} wait" if node.kind == "queue" and waiting else rate(flow) if flow else ""
    lag = f"{behind:,} behind" if behind else ""
    if node.kind == "workflow" and waiting:
        lag = f"{waiting:,} running"
    name = f"{node.owner}.{node.name}" if node.owner else node.name
    title = ", ".join(part for part in (f"{small} {name}", label, lag) if part)
    return Shown(box, tones.get(node.id, ""), _url(visit, node), small, label, lag, title)


def _url(visit: Visit, node: Node) -> str:
    match node.kind:
        case "command":
            return entity_url(visit, node.owner)
        case "entity":
            return entity_url(visit, node.name)
        case "event":
            return event_url(visit, node.name)
        case "view":
            return view_url(visit, node.name)
        case _:
            return work_url(visit, node.name)


MAP = Page("map", "Map", (get("", show),))
