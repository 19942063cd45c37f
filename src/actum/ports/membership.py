"""The membership: the processes that run on one database, and which of them does each piece of work."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from msgspec import Struct

SOLE = 1
SLICE = re.compile(r"(.+)#[0-9]+/[0-9]+", re.DOTALL)


def slice_name(work: str, number: int, slices: int) -> str:
    """Returns the name under which one slice of a work is leased; slices are numbered from 0."""
    return f"{work}#{number}/{slices}"


def whole_of(name: str) -> str | None:
    """Returns the work that a name is a slice of, or None."""
    found = SLICE.fullmatch(name)
    return found[1] if found else None


class Lease(Struct, frozen=True):
    """The right to do a piece of work; `epoch` differs from that of every other lease on it."""

    work: str
    epoch: int


class ClusterState(Struct, frozen=True):
    """The processes of a cluster: this process's number, what each one can do, and which one does what.

    A process that was declared dead comes back under another number, and has lost all its leases.
    """

    me: int
    able: Mapping[int, frozenset[str]]
    owners: Mapping[str, int]


class Membership(ABC):
    """One process's place among those that run on a database.

    Methods raise Unavailable while the store cannot be reached; a lease is then kept until another process
    takes it over.
    """

    @abstractmethod
    async def beat(self) -> ClusterState:
        """Sends a heartbeat, removes the processes that are dead, and gives the state of the cluster.

        A process is removed soon after it ends, or some seconds after its last heartbeat, by the server's
        clock.
        """

    @abstractmethod
    async def acquire(self, works: Sequence[str]) -> list[Lease]:
        """Takes leases on those of the works that no other process has; earlier leases on them are fenced.

        A slice is refused while a process has the work as a whole. Once a slice was leased, the work is never
        leased as a whole again.
        """

    @abstractmethod
    async def release(self, leases: Sequence[Lease]) -> None:
        """Gives leases up, so that others can take them; one that was lost already is ignored."""

    @abstractmethod
    async def retire(self) -> None:
        """Announces that this process takes no more work; it keeps the leases that it has."""

    @abstractmethod
    async def leave(self) -> None:
        """Removes this process from the membership and gives up its leases; never raises Unavailable."""


class SoleMembership(Membership):
    """The membership of a database that only one process uses."""

    def __init__(self, works: Sequence[str]) -> None:
        self._works = frozenset(works)
        self._owners: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<SoleMembership, {len(self._owners)} works>"

    async def beat(self) -> ClusterState:
        return ClusterState(SOLE, {SOLE: self._works}, dict(self._owners))

    async def acquire(self, works: Sequence[str]) -> list[Lease]:
        self._owners.update(dict.fromkeys(works, SOLE))
        return [Lease(work, 0) for work in works]

    async def release(self, leases: Sequence[Lease]) -> None:
        for lease in leases:
            self._owners.pop(lease.work, None)

    async def retire(self) -> None:
        self._works = frozenset()

    async def leave(self) -> None:
        self._owners.clear()
