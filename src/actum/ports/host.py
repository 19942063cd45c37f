"""The host: runs entities outside the process that runs views and actions."""

from abc import ABC, abstractmethod

from msgspec import Struct


class HostedCall(Struct, gc=False):
    """A command or query for an entity of a host.

    `arguments` are a validated JSON array. `call_id` is unique to this call. `mark` identifies the call that
    the idempotency key belongs to ("" when the arguments may differ).
    """

    kind: str
    id: str
    name: str
    arguments: bytes
    metadata: bytes = b"{}"
    call_id: str = ""
    key: str | None = None
    mark: str = ""
    expected_version: int | None = None


class HostedAnswer(Struct, gc=False):
    """The reply as JSON. A view shows the call's events once it has reached `position` (0: it wrote nothing).

    `version` is the entity's version afterwards, or None if a stored reply was given again. `before` is the
    version before the call, or None if the host does not say.
    """

    reply: bytes
    position: int
    version: int | None
    before: int | None = None

    @property
    def has_begun_entity(self) -> bool:
        """Whether the call wrote the first event of its entity."""
        if self.before is None:
            return self.version == 1 and self.position > 0
        return self.before == 0 and bool(self.version)


class HostedTimer(Struct, frozen=True):
    """A command that an entity runs at `due` (microseconds since 1970), once, under the key `key`."""

    name: str
    due: int
    kind: str
    id: str
    command: str
    arguments: bytes
    metadata: bytes
    key: str


class Host(ABC):
    """Reaches entities by kind and id, each of which keeps its own history.

    Guarantees: commands of one entity take effect one at a time, in the order in which they arrive. An answer
    is given when everything it shows is durable and in the feed, at `position` or before. An interrupted call
    is sent again, and takes effect once. Raises what the entity raised, or Unavailable if it does not answer.
    """

    @abstractmethod
    async def command(self, call: HostedCall) -> HostedAnswer:
        """Runs a command."""

    @abstractmethod
    async def query(self, call: HostedCall) -> HostedAnswer:
        """Runs a query."""

    @abstractmethod
    async def schedule(self, timer: HostedTimer) -> None:
        """Has an entity run a command later, never early; another timer of the same name replaces it."""

    @abstractmethod
    async def cancel(self, kind: str, id: str, name: str) -> None:
        """Cancels a timer of an entity."""
