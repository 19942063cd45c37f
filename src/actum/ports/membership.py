"""The membership: the processes that run on one database, and which of them does each piece of work."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from msgspec import Struct

SOLE = 1


class Lease(Struct, frozen=True):
    """The right to do a piece of work; `epoch` tells it from every lease before and after it."""

    work: str
    epoch: int


class ClusterState(Struct, frozen=True):
    """Who is there: the number of this process, what each can do, and who does what.

    A process that was taken for dead is there again under another number, and owns nothing of what it had.
    """

    me: int
    able: Mapping[int, frozenset[str]]
    owners: Mapping[str, int]


class Membership(ABC):
    """One process's place among those that run on a database.

    Methods raise Unavailable while the store cannot be reached; what was leased then stays leased until
    somebody else takes it over.
    """

    @abstractmethod
    async def beat(self) -> ClusterState:
        """Says that this process is alive, strikes off those that are not, and gives who is there.

        A process is struck off soon after its end, and some seconds after it has fallen silent, as the
        server's clock has it.
        """

    @abstractmethod
    async def acquire(self, works: Sequence[str]) -> list[Lease]:
        """Takes those of these works that nobody else does; who did them before is fenced from then on."""

    @abstractmethod
    async def release(self, leases: Sequence[Lease]) -> None:
        """Gives works up for somebody else to take; one that was lost already is passed over."""

    @abstractmethod
    async def retire(self) -> None:
        """Says that this process takes no more work; what it does already stays its own."""

    @abstractmethod
    async def leave(self) -> None:
        """Takes this process off the membership, and gives up all it does; never raises Unavailable."""


class SoleMembership(Membership):
    """The membership of a database that one process has to itself."""

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
