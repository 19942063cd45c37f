"""The broker: carries messages to the actions that take them. What it promises, and what it raises."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from actum.ports.database import Database, NewLetter
from actum.ports.message import Message, NewMessage


class Broker(ABC):
    """Where the messages of queues wait until they are settled.

    A message is durable when `send` returns, and is given again until it is settled: at least once. It has
    the same id each time, because the idempotency keys of what its action does are made from that id. Every
    method raises Unavailable while the broker cannot be reached.

    `actum.brokers.embedded` keeps queues in the database and gives more than a broker has to: `send` is all
    or nothing, and knows marks for as long as other idempotency keys are kept; `settle` is one transaction
    under the worker's lease; messages of an erased entity go in one transaction with all else that is kept of
    it.
    """

    @property
    @abstractmethod
    def is_shared(self) -> bool:
        """Whether other processes may send messages without this one being notified."""

    @abstractmethod
    async def send(self, messages: Sequence[NewMessage]) -> None:
        """Puts messages into their queues, in order.

        A message whose `once` mark is known from an earlier one is dropped. Raises KeyReused, and sends none,
        where the mark is known to stand for another call.
        """

    @abstractmethod
    async def messages(self, queue: str, after: int, limit: int) -> list[Message]:
        """Gives a page of a queue's messages that are not settled, with an id beyond `after`.

        They come in the order in which they were sent, which is that of their ids. The page is empty only
        where there are none; it does not wait for any.
        """

    @abstractmethod
    async def settle(
        self, done: Sequence[int], letters: Sequence[NewLetter], *, action: str, database: Database
    ) -> None:
        """Removes messages from their queue for good: those that are done, by id, letters among them.

        What failed becomes a letter of the action in the database, durable before its message is removed. A
        message that was erased meanwhile becomes none. Raises LeaseLost, and removes nothing, once the lease
        under which the database is used has passed to another process.
        """

    @abstractmethod
    async def counts(self) -> dict[str, int]:
        """Gives how many messages are in each queue that has some."""

    @abstractmethod
    async def erase(self, keys: Sequence[str]) -> None:
        """Removes the messages of an entity that is erased, which have one of these keys.

        What `Database.end_erasure` removes, which follows, need not be removed here. After an interruption
        this is called again.
        """
