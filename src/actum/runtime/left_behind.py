"""What is kept under names that no declaration has any more: said at the start, with what to write for it."""

import logging
from collections.abc import Collection, Iterator, Sequence

from actum.database.port import KeptName
from actum.runtime.catalog import Catalog
from actum.runtime.plan import Plan
from actum.runtime.reactor import TIMERS

OWN = "$"
"""How the names of kinds begin that are Actum's own."""

log: logging.Logger = logging.getLogger("actum.node")


def warn_of_left(
    catalog: Catalog, plans: Collection[Plan], kinds: Sequence[str], kept: Sequence[KeptName]
) -> None:
    """Warns of each name; `kinds` are those of the journal, `kept` what there was before this start."""
    for warning in (*_kinds_left(catalog, kinds, kept), *_work_left(plans, catalog, kept)):
        log.warning("%s", warning)


def _kinds_left(catalog: Catalog, kinds: Sequence[str], kept: Sequence[KeptName]) -> Iterator[str]:
    timers = {one.name: one.count for one in kept if one.sort == "timers"}
    for kind in sorted({*kinds, *timers} - catalog.kinds.keys()):
        if kind.startswith(OWN):
            continue
        waiting = f", and {timers[kind]} timers for them," if kind in timers else ""
        yield (
            f"there are entities that are kept as {kind!r}{waiting} and no class of the application is: "
            f"if one was renamed, give it the old name, class …(Entity, name={kind!r})"
        )


def _work_left(plans: Collection[Plan], catalog: Catalog, kept: Sequence[KeptName]) -> Iterator[str]:
    names = {plan.name for plan in plans} | {TIMERS}
    queues = {name.partition("@queue:")[2] for name in names}
    known = {one.name for one in kept if one.sort in ("checkpoint", "tick")}
    # An action that was dropped leaves its checkpoint for ever; one that was renamed comes with a new one.
    is_any_new = any(plan.name not in known and "@queue:" not in plan.name for plan in plans)
    for one in kept:
        if one.sort == "messages" and one.name not in queues:
            yield (
                f"{one.count} messages wait in the queue {one.name!r}, and no action takes from it: add "
                f"@actions.queue({one.name!r}) to the action that is to do them, beside its other triggers"
            )
        elif one.sort == "letters" and one.name not in names:
            yield (
                f"{one.count} letters are kept for an action {one.name!r} that is not declared, and nobody "
                f"works on them: {_adopt(one.name)}"
            )
        elif one.sort in ("checkpoint", "tick") and one.name not in names and is_any_new:
            yield (
                f"an action {one.name!r} has run on this store and is not declared any more, while others "
                f"are new: {_adopt(one.name)}; as it is, the new one starts at the end of the history"
            )


def _adopt(name: str) -> str:
    function, _, trigger = name.partition("@")
    queue = trigger.removeprefix("queue:") if trigger.startswith("queue:") else ""
    of = f", on the queue {queue!r}" if queue else ""
    return f"if it was renamed, give the new one the old name, name={function!r}{of}"
