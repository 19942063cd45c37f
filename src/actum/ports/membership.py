"""The roster: the processes that run on one database, and which of them does each piece of work."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from msgspec import Struct

SOLE = 1


class Claim(Struct, frozen=True):
    """The right to do a piece of work; `epoch` tells it from every claim before and after it."""

    work: str
    epoch: int


class Standing(Struct, frozen=True):
    """Who is there: the number of this process, what each can do, and who does what.

    A process that was taken for dead is there again under another number, and owns nothing of what it had.
    """

    me: int
    able: Mapping[int, frozenset[str]]
    owners: Mapping[str, int]


class Roster(ABC):
    """One process's place among those that run on a database.

    Methods raise Unavailable while the store cannot be reached; what was claimed then stays claimed until
    somebody else takes it over.
    """

    @abstractmethod
    async def beat(self) -> Standing:
        """Says that this process is alive, strikes off those that are not, and gives who is there.

        A process is struck off soon after its end, and some seconds after it has fallen silent, as the
        server's clock has it.
        """

    @abstractmethod
    async def claim(self, works: Sequence[str]) -> list[Claim]:
        """Takes those of these works that nobody else does; who did them before is fenced from then on."""

    @abstractmethod
    async def release(self, claims: Sequence[Claim]) -> None:
        """Gives works up for somebody else to take; one that was lost already is passed over."""

    @abstractmethod
    async def retire(self) -> None:
        """Says that this process takes no more work; what it does already stays its own."""

    @abstractmethod
    async def leave(self) -> None:
        """Takes this process off the roster, and gives up all it does; never raises Unavailable."""


class SoleRoster(Roster):
    """The roster of a database that one process has to itself."""

    def __init__(self, works: Sequence[str]) -> None:
        self._works = frozenset(works)
        self._owners: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<SoleRoster, {len(self._owners)} works>"

    async def beat(self) -> Standing:
        return Standing(SOLE, {SOLE: self._works}, dict(self._owners))

    async def claim(self, works: Sequence[str]) -> list[Claim]:
        self._owners.update(dict.fromkeys(works, SOLE))
        return [Claim(work, 0) for work in works]

    async def release(self, claims: Sequence[Claim]) -> None:
        for claim in claims:
            self._owners.pop(claim.work, None)

    async def retire(self) -> None:
        self._works = frozenset()

    async def leave(self) -> None:
        self._owners.clear()
