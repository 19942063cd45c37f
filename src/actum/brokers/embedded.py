"""The embedded broker: keeps the messages of queues in the application's database."""

from collections.abc import Sequence

from actum.ports.broker import Broker
from actum.ports.database import Database, NewLetter, Progress
from actum.ports.message import Message, NewMessage


class EmbeddedBroker(Broker):
    """Queues in tables of the database, and as durable as whatever else is there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __repr__(self) -> str:
        return f"<EmbeddedBroker on {self._database!r}>"

    @property
    def is_shared(self) -> bool:
        return self._database.is_shared

    async def send(self, messages: Sequence[NewMessage]) -> None:
        await self._database.send(messages)

    async def messages(self, queue: str, after: int, limit: int) -> list[Message]:
        return await self._database.messages(queue, after, limit)

    async def settle(
        self, done: Sequence[int], letters: Sequence[NewLetter], *, action: str, database: Database
    ) -> None:
        await database.save(Progress(action, "messages", done=tuple(done), letters=tuple(letters)))

    async def counts(self) -> dict[str, int]:
        return await self._database.message_counts()

    async def erase(self, keys: Sequence[str]) -> None:
        # Database.end_erasure removes them, in one transaction with the letters that have these keys.
        return
