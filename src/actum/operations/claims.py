"""Claims rebuilt from the events, whose metadata record what their commands claimed and released."""

from collections.abc import Callable

import msgspec
from msgspec import Struct

from actum.errors import StoreError
from actum.operations.opening import is_running
from actum.ports.journal import ClaimKey
from actum.stores.open import Stores
from actum.stores.url import shown

PAGE = 1_000
MENTION = b'"claims":['
Report = Callable[[int, int], object]
"""Is called with the position that has been read, and that of the last event."""


class Recorded(Struct):
    """The claims in an event's metadata: the name, digest and release of each, in their order."""

    claims: list[tuple[str, str, bool]] = []


class RebuiltClaims(Struct, frozen=True):
    """How many claims the events show, how many of them were restored, and how many another entity holds."""

    recorded: int
    restored: int
    contradicted: int


async def rebuild_claims(
    stores: Stores, url: str, report: Report = lambda done, total: None
) -> RebuiltClaims:
    """Restores the claims that the events show and the store has lost; those that it has stay.

    What was claimed by events that were pruned cannot be restored. Raises StoreError while the application
    runs, because a claim that it releases meanwhile would come back.
    """
    if stores.journal.why_no_claims:
        raise StoreError(f"{shown(url)} has no claims: {stores.journal.why_no_claims}")
    if await is_running(stores, url):
        raise StoreError(f"an application runs on {shown(url)}: stop it, and rebuild its claims then")
    held = await _recorded(stores, report)
    claims = list(held.items())
    restored = contradicted = 0
    for start in range(0, len(claims), PAGE):
        page = claims[start : start + PAGE]
        before = await stores.journal.holders([claim for claim, _ in page])
        missing = [one for one, holder in zip(page, before, strict=True) if holder is None]
        restored += await stores.journal.restore_claims(missing)
        contradicted += sum(holder not in (None, id) for (_, id), holder in zip(page, before, strict=True))
    return RebuiltClaims(len(claims), restored, contradicted)


async def _recorded(stores: Stores, report: Report) -> dict[ClaimKey, str]:
    """Folds the claims of each entity, so the order of events of different entities does not matter."""
    held: dict[tuple[ClaimKey, str], None] = {}
    after, head = 0, await stores.journal.head()
    while events := await stores.journal.feed(after, PAGE):
        after = events[-1].position
        report(after, max(after, head))
        for event in events:
            if MENTION not in event.metadata:
                continue
            for name, digest, is_released in msgspec.json.decode(event.metadata, type=Recorded).claims:
                key = ((event.kind, name, bytes.fromhex(digest)), event.id)
                held.pop(key, None)
                if not is_released:
                    held[key] = None
    return dict(held.keys())
