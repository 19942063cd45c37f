"""What events change of claims, as their metadata record it."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from actum.model.event import Stored
from actum.operations.claims import MENTION, Recorded
from actum.ports.transfer import ClaimTaken


class ClaimEffects(Struct, frozen=True):
    """The claims that somebody holds after some events, and those that are to be released."""

    taken: list[ClaimTaken]
    released: list[ClaimTaken]


_recorded = msgspec.json.Decoder(Recorded).decode


def claim_effects(events: Iterable[Stored]) -> ClaimEffects:
    """Folds the claims of events, of which those before are not known."""
    holders: dict[tuple[str, str, bytes], str] = {}
    released: dict[ClaimTaken, None] = {}
    for event in events:
        if MENTION not in event.metadata:
            continue
        for name, digest, is_released in _recorded(event.metadata).claims:
            claim = (event.kind, name, bytes.fromhex(digest))
            if not is_released:
                holders[claim] = event.id
            elif holders.get(claim, event.id) == event.id:
                # Whoever held it before these events may be this entity.
                released[*claim, event.id] = None
                holders.pop(claim, None)
    return ClaimEffects([(*claim, id) for claim, id in holders.items()], list(released))
