"""The slices of a kind's workflows that this process has, and under which leases it writes for them."""

from collections.abc import Callable, Iterable

from actum.errors import LeaseLost
from actum.ports.database import Database
from actum.ports.membership import Lease, slice_name

Leases = tuple[Lease, ...]


class WorkflowSlices:
    """Workflows are split by their numbers; a kind that is not split is slice 0 of one.

    `names` are those under which the slices are leased, `on_lost` is called with one whose lease is lost.
    """

    def __init__(self, work: str, database: Database, on_lost: Callable[[str], None]) -> None:
        count = database.slices
        self.names: list[str] = (
            [slice_name(work, number, count) for number in range(count)] if count > 1 else [work]
        )
        self._database = database
        self._on_lost = on_lost
        self._here: dict[int, Leases] = {}
        self._leaving: dict[int, Leases] = {}

    def __repr__(self) -> str:
        return f"<WorkflowSlices, {len(self._here)} of {len(self.names)}>"

    def of(self, workflow: int) -> int:
        """Gives the slice of a workflow, by its number."""
        return workflow % len(self.names)

    def has(self, workflow: int) -> bool:
        """Says whether a workflow, by its number, is taken to work here."""
        return self.of(workflow) in self._here

    def leases_of(self, workflow: int) -> Leases | None:
        """Gives the leases under which a workflow's changes are written, None if that is not done here."""
        number = self.of(workflow)
        return self._here.get(number, self._leaving.get(number))

    @property
    def here(self) -> dict[int, Leases]:
        """The slices whose workflows are taken to work here, as they are now."""
        return dict(self._here)

    @property
    def is_whole(self) -> bool:
        """Whether all slices are here."""
        return len(self._here) == len(self.names)

    def give(self, number: int, leases: Leases) -> None:
        """Begins to take the workflows of a slice to work."""
        self._here[number] = leases

    def withdraw(self, number: int) -> None:
        """Takes no more workflows of a slice to work; what those at work do can still be written."""
        if number in self._here:
            self._leaving[number] = self._here.pop(number)

    def forget(self, number: int) -> None:
        """Writes nothing of a slice any more."""
        self._here.pop(number, None)
        self._leaving.pop(number, None)

    def under(self, leases: Iterable[Leases]) -> Database:
        """Gives the database as the holder of all these leases uses it."""
        return self._database.under(*dict.fromkeys(lease for some in leases for lease in some))

    def lose(self, error: LeaseLost, workflows: Iterable[int]) -> None:
        """Forgets the slices whose leases are lost, all of these workflows' where that is not known."""
        lost = error.works.intersection(self.names) or {self.names[self.of(number)] for number in workflows}
        for name in sorted(lost):
            self.forget(self.names.index(name))
            self._on_lost(name)
