"""Where the keys of persons are stored: what every adapter guarantees, and what it raises."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from msgspec import Struct

PAGE: int = 500
"""Keys of one page."""


class PersonKey(Struct, frozen=True, gc=False):
    """The key of a person, sealed under the application's key of the id `under`. `id` is never used twice."""

    person: str
    id: str
    wrapped: bytes
    under: str


class ApplicationKey(Struct, frozen=True, gc=False):
    """A key of the application, under which those of persons are sealed, as a key service has sealed it."""

    id: str
    wrapped: bytes
    time: int


class Forgetting(Struct, frozen=True, gc=False):
    """That a person was forgotten, and when (microseconds since 1970), and not who it was.

    `is_done` says that nothing is left of what was derived from the person's data.
    """

    number: int
    time: int
    is_done: bool


class PersonKeys(ABC):
    """Stores the keys of persons, in tables of their own, so that a backup without them cannot be read.

    Every method is one transaction, durable when it returns, and raises Unavailable while the store cannot be
    reached.
    """

    @abstractmethod
    async def find(self, persons: Sequence[str]) -> list[PersonKey]:
        """Gives the keys of those of the persons that have one."""

    @abstractmethod
    async def load(self, ids: Sequence[str]) -> list[PersonKey]:
        """Gives those of the keys that exist."""

    @abstractmethod
    async def add(self, keys: Sequence[PersonKey]) -> None:
        """Stores the keys of persons that have none yet; those of others are left out."""

    @abstractmethod
    async def page(self, after: str, limit: int = PAGE) -> list[PersonKey]:
        """Gives keys whose ids are beyond `after`, by id."""

    @abstractmethod
    async def rewrap(self, keys: Sequence[PersonKey]) -> None:
        """Stores again keys that are still there, sealed under another key of the application."""

    @abstractmethod
    async def request(self, persons: Sequence[str]) -> None:
        """Asks the process that runs the application to forget persons."""

    @abstractmethod
    async def requests(self) -> list[str]:
        """Gives the persons that are to be forgotten, a page of them."""

    @abstractmethod
    async def forget(self, person: str, time: int) -> Forgetting:
        """Destroys a person's key, with a request for that, and records it; the record does not say whose."""

    @abstractmethod
    async def finish(self, number: int) -> None:
        """Marks a forgetting as done, and removes what the store holds of earlier versions of its pages."""

    @abstractmethod
    async def forgettings(self, after: int = 0, limit: int = PAGE) -> list[Forgetting]:
        """Gives the forgettings whose number is beyond `after`, by number: `limit` at most."""

    async def unfinished(self, after: int = 0) -> list[Forgetting]:
        """Gives all forgettings beyond `after` that are not done, however many there are in all."""
        found: list[Forgetting] = []
        while page := await self.forgettings(after):
            after = page[-1].number
            found += [one for one in page if not one.is_done]
        return found

    @abstractmethod
    async def last(self) -> int:
        """Gives the number of the last forgetting; 0 if there is none."""

    @abstractmethod
    async def application_keys(self) -> list[ApplicationKey]:
        """Gives the keys of the application, the oldest first."""

    @abstractmethod
    async def add_application_key(self, key: ApplicationKey) -> None:
        """Stores a key of the application, or stores it again."""

    @abstractmethod
    async def remove_application_keys(self, ids: Sequence[str]) -> None:
        """Removes keys of the application; those that still seal the key of a person stay."""
