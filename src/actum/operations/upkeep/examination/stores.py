"""Examines open stores: whose they are, whether they fit together, their clock, and what stands still."""

from collections.abc import Sequence

from actum.app import App, definition_of
from actum.operations.opening import is_running
from actum.operations.upkeep.examination.finding import SECOND, Finding, fault, ok, warning
from actum.runtime.clock import SystemClock
from actum.runtime.gauges.standstill import Standstill
from actum.runtime.gauges.stored_standstills import (
    LAG,
    classless_workflows,
    reached,
    stored_standstills,
)
from actum.stores.binding import misfit
from actum.stores.open import Stores, paired, versions_of
from actum.stores.url import shown, split

MAX_SHOWN = 10
"""Standstills that are listed by name."""
AHEAD = 1.0
"""Seconds that the newest event may be in the future."""
MAX_BEHIND = 10.0
"""Seconds that a view may be behind while the application runs."""


async def examine_schema(url: str) -> list[Finding]:
    """Names the versions of the tables of stores that could be opened."""
    found = []
    for one in split(url):
        versions = await versions_of(one) if one is not None else {}
        named = ", ".join(f"{part} {version}" for part, version in sorted(versions.items()))
        if one is not None:
            found.append(ok("store", f"{shown(one)} answers{f'; schema: {named}' if named else ''}"))
    return found


async def examine_binding(app: App, stores: Stores, url: str) -> list[Finding]:
    """Says whether journal and database belong together, and to the application."""
    kept = await stores.database.binding()
    if kept is None:
        return [ok("application", f"{app.name} has not run on it yet")]
    why = await misfit(kept, app.name, paired(stores, url))
    return [fault("application", why)] if why else [ok("application", f"it belongs to {app.name}")]


async def examine_time(stores: Stores) -> list[Finding]:
    """Compares the clock with the newest event's time, which a clock that was ahead has written."""
    head = await stores.journal.head()
    newest = await stores.journal.feed(head - 1, 1) if head else []
    if not newest:
        return []
    ahead = (newest[-1].time - SystemClock().now()) / SECOND
    if ahead <= AHEAD:
        return [ok("clock", "no event is from the future")]
    return [
        warning(
            "clock",
            f"the newest event is {ahead:,.1f} s in the future: this machine's clock has gone back, or "
            "another's is ahead",
            "synchronise the clocks of all machines that write (NTP, chrony)",
        )
    ]


async def examine_work(app: App, stores: Stores, url: str) -> list[Finding]:
    """Lists what stands still, as `/-/ready` does, and whether the application runs."""
    catalog = definition_of(app).catalog
    now = SystemClock().now()
    runs = await is_running(stores, url)
    states = await stores.database.views()
    live = {state.name for state in states if state.is_live}
    standing = await stored_standstills(stores.database, live, now)
    found = [
        warning(one.part, f"{one.name}{f', {one.key}' if one.key else ''}: {one.state}: {one.why}", _fix(one))
        for one in standing[:MAX_SHOWN]
    ]
    if len(standing) > MAX_SHOWN:
        found.append(
            warning(
                "work",
                f"{len(standing) - MAX_SHOWN} more stand still",
                "`/-/ready` and the console list them",
            )
        )
    counts, _ = await reached(stores.database.workflow_counts)
    found += [
        warning("workflow", f"{kind}: {why}", "declare a class of that name again, or cancel them")
        for kind, why in classless_workflows(counts or (), list(catalog.workflows))
    ]
    if runs:
        found += await _late_views(app, stores, now)
    found += await _unfinished_forgettings(stores, runs=runs)
    state = "a process runs the application" if runs else "no process runs the application"
    return [ok("work", state if found else f"{state}; nothing stands still"), *found]


def _fix(one: Standstill) -> str:
    match one.part:
        case "view":
            seen, again = f"views show APP {one.name}", f"views retry APP {one.name}"
            return f"see `actum {seen}`; fix the reducer and start again, or `actum {again}`"
        case "workflow":
            seen, again = (f"workflows {verb} APP {one.name} {one.key}" for verb in ("show", "resume"))
            return f"see `actum {seen}`; fix the cause, then `actum {again}`"
        case _:
            return (
                "see `actum dead-letters APP`; fix the cause, then `actum dead-letters retry APP`, or skip it"
            )


async def _late_views(app: App, stores: Stores, now: int) -> list[Finding]:
    found = []
    head = await stores.journal.head()
    for state in await stores.database.views():
        if (
            not state.is_live
            or state.checkpoint >= head
            or state.name not in definition_of(app).catalog.views
        ):
            continue
        oldest = await stores.journal.feed(state.checkpoint, 1)
        behind = (now - oldest[0].time) / SECOND if oldest else 0.0
        if behind > max(MAX_BEHIND, LAG):
            fix = "the application's log and `/-/ready` say what holds it up"
            found.append(warning("view", f"{state.name} is {behind:,.0f} s behind", fix))
    return found


async def _unfinished_forgettings(stores: Stores, *, runs: bool) -> Sequence[Finding]:
    keys = stores.journal.person_keys
    if keys is None or not (count := len(await keys.unfinished()) + len(await keys.requests())):
        return []
    fix = "its log says what holds it up" if runs else "start the application, which finishes it"
    return [warning("people", f"forgetting has begun and is not done: {count}", fix)]
