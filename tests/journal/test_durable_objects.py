"""Durable Objects, held to the journal's conformance suite as far as it applies to them."""

from collections.abc import AsyncIterator

import pytest

from actum.conformance.journal.appending import Appending
from actum.conformance.journal.durability import Durability
from actum.conformance.journal.feeding import Feeding
from actum.conformance.journal.idempotency import Idempotency
from actum.conformance.journal.keeping import Keeping
from actum.conformance.journal.listing import Listing
from actum.conformance.journal.reading import Reading
from actum.conformance.journal.recovering import Recovering
from actum.conformance.journal.removal import Erasing, Pruning
from actum.conformance.journal.snapshots import Snapshots
from actum.ports.journal import Journal
from actum.stores.durable_objects.client import Client, read_url
from actum.stores.durable_objects.journal import DurableObjectsJournal

pytestmark = pytest.mark.slow

LEFT_OUT = (
    # A group over several streams would be a transaction over several objects.
    "test_what_collided_stays_away",
    "test_what_was_interrupted_may_be_a_group",
    # An object keeps its replies as long as its entity.
    "test_old_replies_are_forgotten",
    "test_a_forgotten_key_may_be_used_again",
    # A number in JavaScript is exact up to 2**53 microseconds, which is the year 2255.
    "test_times_are_kept_to_the_microsecond",
    # A thousand new objects are a thousand new files, and the case of a hundred says the same.
    "test_an_append_takes_many_writes",
)
"""What of the suite does not apply, besides Grouping; docs/durable-objects.md gives the reasons."""


class TestDurableObjects(
    Appending,
    Keeping,
    Idempotency,
    Reading,
    Listing,
    Feeding,
    Snapshots,
    Pruning,
    Erasing,
    Recovering,
    Durability,
):
    """A journal whose streams are objects on a real workerd."""

    @pytest.fixture
    async def journal(self, objects_url: str) -> AsyncIterator[Journal]:
        self.url = objects_url
        journal = DurableObjectsJournal(Client(*read_url(objects_url)))
        yield journal
        await journal.close()

    async def reopen(self, journal: Journal) -> Journal:
        await journal.close()
        return DurableObjectsJournal(Client(*read_url(self.url)))

    @pytest.mark.parametrize("count", [2, 25, 101])
    async def test_an_append_takes_many_writes(self, journal: Journal, count: int) -> None:
        """Every write of a large append lands, and outcomes come in the order of the writes."""
        await Appending.test_an_append_takes_many_writes(self, journal, count)

    @pytest.mark.parametrize("time", [0, 1, 2_147_483_648_000_000, 2**53 - 2])
    async def test_times_are_kept_to_the_microsecond(self, journal: Journal, time: int) -> None:
        """A time from 1970 to the year 2255 comes back exactly."""
        await Keeping.test_times_are_kept_to_the_microsecond(self, journal, time)


for name in set(LEFT_OUT) - vars(TestDurableObjects).keys():
    setattr(TestDurableObjects, name, None)
