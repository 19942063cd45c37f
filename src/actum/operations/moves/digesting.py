"""The digest of the events of a store, to be compared with that of another one."""

from msgspec import Struct

from actum.operations.moves.events_digest import Report, digest_of
from actum.operations.opening import open_beside


class StoreDigest(Struct, frozen=True):
    """The digest of the events up to a position, and how many they are."""

    events: int
    position: int
    digest: str


async def digest_store(url: str, report: Report) -> StoreDigest:
    """Reads all events that a store has now; the application may run."""
    async with open_beside(url) as stores:
        head = await stores.journal.head()
        found = await digest_of(stores.journal, head, report)
        return StoreDigest(found.count, head, found.text)
