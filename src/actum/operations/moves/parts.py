"""The parts of an application that a move can leave out, and the tables that each consists of."""

from collections.abc import Sequence

from actum.errors import Invalid

PARTS: dict[str, tuple[str, ...]] = {
    "replies": ("replies",),
    "claims": ("claims",),
    "person-keys": ("application_keys", "person_keys", "forgettings", "forget_requests"),
    "letters": ("letters",),
    "messages": ("messages", "sent"),
    "timers": ("timers",),
    "workflows": ("workflows", "workflow_records", "workflow_signals", "workflow_waiters"),
}
REPLIES = "replies"
SLICES = "slices"
CLAIMS = "claims"


def tables_without(parts: Sequence[str]) -> frozenset[str]:
    """Gives the tables of parts; raises Invalid for a part that does not exist."""
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        raise Invalid(
            f"{unknown[0]!r} is no part of an export: it may be without {', '.join(PARTS)}", field="without"
        )
    return frozenset(table for part in parts for table in PARTS[part])
