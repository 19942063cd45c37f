"""What the console says about a view: how far it is, what it has set aside, whether it stands still."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from actum.console.visit import Visit
from actum.operations.views import ViewGeneration, list_views
from actum.runtime.gauges.standstill import Standstill

Tone = str
"""How a state is coloured: good, warn, bad or nothing."""


class Building(Struct, frozen=True):
    """A rebuild: the generation that is being built, the position it has reached, and where it has to go."""

    generation: int
    position: int
    head: int

    @property
    def percent(self) -> int:
        """How much of it is done."""
        return 100 if not self.head else min(100, self.position * 100 // self.head)


class ViewStatus(Struct, frozen=True):
    """A view as operators see it.

    `generation` serves queries (0 if none does yet) and has reached `position` of `head`. `why` says what
    keeps it from going on.
    """

    name: str
    is_declared: bool
    generation: int
    position: int
    head: int
    set_aside: int
    state: str
    tone: Tone
    why: str = ""
    since: int = 0
    building: Building | None = None
    is_asked: bool = False

    @property
    def behind(self) -> int:
        """How many positions are between it and the end of the journal."""
        return max(0, self.head - self.position)


async def view_statuses(visit: Visit) -> list[ViewStatus]:
    """Describes all views, in the order of their names."""
    generations = await list_views(visit.stores, visit.app)
    asked = await visit.services.database.rebuild_requests()
    still = await standing_views(visit)
    by_name: dict[str, list[ViewGeneration]] = {}
    for one in generations:
        by_name.setdefault(one.name, []).append(one)
    return [
        await _status(visit, by_name[name], still.get(name), is_asked=name in asked)
        for name in sorted(by_name)
    ]


async def standing_views(visit: Visit) -> Mapping[str, Standstill]:
    """Gives the views that stand still or lag, by name."""
    found = await visit.services.readiness.look()
    return {one.name: one for one in reversed(found) if one.part == "view" and one.state != "set aside"}


async def _status(
    visit: Visit, generations: Sequence[ViewGeneration], still: Standstill | None, *, is_asked: bool
) -> ViewStatus:
    name = generations[0].name
    live = next((one for one in generations if one.is_live), generations[0])
    count = await visit.services.database.count_set_aside(name, live.generation) if live.generation else 0
    position, building = _here(visit, generations, live)
    state, tone = _state(live, still, count)
    return ViewStatus(
        name,
        live.is_declared,
        live.generation if live.is_live else 0,
        position,
        live.head,
        count,
        state,
        tone,
        why=still.why if still is not None else "",
        since=still.since if still is not None else 0,
        building=building,
        is_asked=is_asked,
    )


def _here(
    visit: Visit, generations: Sequence[ViewGeneration], live: ViewGeneration
) -> tuple[int, Building | None]:
    """Gives how far the view is, and its rebuild; this process may know more than is stored."""
    work = visit.services.views.works.get(live.name)
    position = live.position
    if work is not None and work.live is not None and work.live.state.generation == live.generation:
        position = max(position, work.live.position)
    newer = [one for one in generations if not one.is_live and one.generation > (live.generation or 0)]
    if live.is_live and newer:
        built = newer[-1].position
        if work is not None and work.building is not None:
            built = max(built, work.building.position)
        return position, Building(newer[-1].generation, built, live.head)
    return position, None


def _state(live: ViewGeneration, still: Standstill | None, set_aside: int) -> tuple[str, Tone]:
    if not live.is_declared:
        return "no longer declared", ""
    if still is not None:
        return still.state, "bad" if still.is_failure else "warn"
    if not live.generation:
        return "not built yet", "warn"
    if set_aside:
        return "rows set aside", "bad"
    if not live.is_current:
        return "older declaration serves", "warn"
    return "serves", "good"
