"""The judgement: every change between a lock and an application as it is declared now."""

from actum.app import App
from actum.operations.evolution.change import MEANINGS, Change
from actum.operations.evolution.declared import lock_of
from actum.operations.evolution.judged_calls import judged_calls
from actum.operations.evolution.judged_events import judged_events
from actum.operations.evolution.judged_flights import judged_flights
from actum.operations.evolution.judged_names import judged_names
from actum.operations.evolution.lock import EventLock, Lock, LockError, write_lock
from actum.operations.evolution.tried_upcasts import tried_upcasts

ORDER = list(MEANINGS)


def judge(before: Lock, after: Lock) -> list[Change]:
    """Judges every change between two locks, the worst first; raises LockError for two applications'."""
    if before.application != after.application:
        raise LockError(
            f"the lock is of the application {before.application!r}, and this one is {after.application!r}: "
            "name another file with --lock"
        )
    found = [
        *judged_events(before, after),
        *judged_names(before, after),
        *judged_flights(before, after),
        *judged_calls(before, after),
    ]
    if not found and write_lock(merged(before, after)) != write_lock(before):
        why = "every value that is stored or sent can be read, before and after"
        found.append(Change("compatible", "types", "names or classes of values have changed", why))
    return sorted(found, key=lambda change: -ORDER.index(change.verdict))


def check(app: App, before: Lock) -> list[Change]:
    """Judges an application by its lock, and tries its upcasts on payloads as the lock describes them."""
    found = judge(before, lock_of(app)) + list(tried_upcasts(app, before))
    return sorted(found, key=lambda change: -ORDER.index(change.verdict))


def merged(before: Lock | None, after: Lock) -> Lock:
    """Gives the lock to be frozen: today's, which remembers the fields that events did not always have."""
    for name, event in after.events.items():
        old = None if before is None else before.events.get(name)
        if old is not None:
            event.later = _later(old, event)
    return after


def is_current(app: App, before: Lock) -> bool:
    """Whether a lock is what would be frozen now."""
    return write_lock(merged(before, lock_of(app))) == write_lock(before)


def _later(old: EventLock, new: EventLock) -> list[str]:
    new_fields = [name for name in new.fields if name not in old.fields] if old.version == new.version else []
    return sorted({*(name for name in old.later if name in new.fields), *new_fields})
