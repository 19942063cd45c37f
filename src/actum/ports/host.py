"""The host: where entities live when they do not live in the process that runs views and actions."""

from abc import ABC, abstractmethod

from msgspec import Struct


class HostedCall(Struct, gc=False):
    """A command or query on its way to an entity that lives elsewhere.

    `arguments` are a JSON array, validated already. `call_id` tells this call from all others. `mark` is what
    the idempotency key stands for ("" when the arguments may differ).
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
    """The reply as JSON; `position` is what a view has to show for the call to be seen (0: it wrote nothing).

    `version` is the entity's afterwards, None where a kept reply was given again.
    """

    reply: bytes
    position: int
    version: int | None


class HostedTimer(Struct, frozen=True):
    """A command that an entity is to carry out at `due` (microseconds since 1970), once, under its `key`."""

    name: str
    due: int
    kind: str
    id: str
    command: str
    arguments: bytes
    metadata: bytes
    key: str


class Host(ABC):
    """Entities by kind and id, each with its history, reached from this process.

    Promises: commands of one entity take effect one at a time, in the order in which they arrive; an answer
    is given when what it shows is durable, and when the feed has it at `position`. A call that was cut off is
    sent again, and takes effect once. Raises what the entity raised, or Unavailable when it does not answer.
    """

    @abstractmethod
    async def command(self, call: HostedCall) -> HostedAnswer:
        """Runs a command."""

    @abstractmethod
    async def query(self, call: HostedCall) -> HostedAnswer:
        """Asks a query."""

    @abstractmethod
    async def schedule(self, timer: HostedTimer) -> None:
        """Has an entity carry out a command later, never early; another of the same name replaces it."""

    @abstractmethod
    async def cancel(self, kind: str, id: str, name: str) -> None:
        """Has an entity forget a command that it was to carry out later."""
