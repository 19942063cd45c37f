"""The trigger of messages: those of one queue, each removed when it is done."""

import asyncio
import contextlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from actum.errors import DefinitionError, OutdatedRecord
from actum.model.action import Failure, OnMessage
from actum.model.people.message_type import MessageType
from actum.model.signature import check_serialisable
from actum.ports.broker import Broker
from actum.ports.database import Database, Letter, NewLetter
from actum.ports.message import Message
from actum.runtime.actions.action_names import QUEUE
from actum.runtime.actions.triggers.sliced_source import Leases, Slice, SlicedSource
from actum.runtime.actions.triggers.source import Item, Lowest, Run
from actum.runtime.actions.triggers.trigger import ActionTrigger, Callee, OpenSource
from actum.runtime.context.context import Context
from actum.runtime.context.erasure import is_message_left
from actum.runtime.services import Services, Signals

POLL = 1.0
PAGE = 500
SHARED_POLL = 0.25
"""Seconds between two looks where other processes may send messages without a signal to this one."""


class MessageTrigger(ActionTrigger[OnMessage]):
    """Runs an action for each message of a queue: in order within a key."""

    is_split = True
    keeps_place = False
    work = "queue"

    @property
    def queue(self) -> str:
        """The queue that it takes from."""
        return self.declared.queue

    @property
    def suffix(self) -> str:
        return f"{QUEUE}{self.queue}"

    def check_callee(self, callee: Callee) -> None:
        function, name = callee.function, _message_parameter(callee)
        if name is None:
            return
        if name not in function.hints:
            raise DefinitionError(f"action {function.name}: annotate {name!r} with the message's type")
        where = f"action {function.name}: the message"
        check_serialisable(function.hints[name], where)
        MessageType(function.hints[name], where)

    def check_beside(self, other: ActionTrigger[Any]) -> None:
        if isinstance(other, MessageTrigger) and other.queue == self.queue:
            raise DefinitionError(
                f"queue {self.queue!r} is taken from by {other.action.function.name} and by "
                f"{self.action.function.name}; a message goes to one action: let that one call the other"
            )

    def reader(self) -> MessageType:
        """Gives what reads the messages of its queue."""
        function = self.action.function
        return MessageType(
            function.hints[function.message_parameter()], f"action {function.name}: the message"
        )

    async def source(self, services: Services) -> OpenSource:
        slices = services.database.slices
        return lambda database: MessageSource(
            self.name, self.queue, services.broker, database, services.signals, slices
        )

    def call(self, services: Services, callee: Callee) -> Run:
        function = callee.function
        parameter = _message_parameter(callee)
        read, people = services.queues[self.queue].read, services.people

        async def run(item: Item, failure: Failure | None = None) -> None:
            message: Message = item.content
            if not await is_message_left(services, self.name, message):
                return
            context = Context(
                services,
                correlation_id=message.correlation_id,
                causation_id=message.causation_id,
                by=message.by,
                cause=f"{callee.cause}@{message.id}",
                source=(f"{callee.cause}@{message.id}", message.correlation_id, message.time),
            )
            arguments = function.arguments(context, services.resources, failure)
            if parameter is not None:
                if people is not None:
                    await people.prepare(message.body)
                try:
                    arguments[parameter] = read(message.body)
                except msgspec.DecodeError as error:
                    raise OutdatedRecord(f"the message does not fit its type: {error}") from error
            await function.function(**arguments)

        return run


def _message_parameter(callee: Callee) -> str | None:
    """Gives the name of the parameter that takes the message; an `on_failure` need not have one."""
    function = callee.function
    return None if callee.is_on_failure and not function.rest else function.message_parameter()


def readers(triggers: Collection[ActionTrigger[Any]]) -> dict[str, MessageType]:
    """Gives what reads the messages of each queue, by the queue's name."""
    return {each.queue: each.reader() for each in triggers if isinstance(each, MessageTrigger)}


class MessageSource(SlicedSource):
    """The messages of one queue, in order within a key; one without a key waits for no other."""

    can_read_again = True

    def __init__(
        self,
        action: str,
        queue: str,
        broker: Broker,
        database: Database,
        signals: Signals,
        slices: int = 1,
    ) -> None:
        super().__init__(database, slices)
        self._action = action
        self._queue = queue
        self._broker = broker
        self._patience = SHARED_POLL if broker.is_shared else POLL
        self._arrival = asyncio.Event()
        signals.listen(f"queue/{queue}", self._arrival.set)

    async def load(self, leases: Mapping[int, Leases]) -> list[Slice]:
        return [Slice(number, of) for number, of in leases.items()]

    async def read_page(self, after: int, limit: int, given: int) -> tuple[Sequence[Message], int]:
        self._arrival.clear()
        messages = await self._broker.messages(self._queue, after, limit)
        return messages, messages[-1].id if messages else given

    def items(self, page: Sequence[Message], slices: Mapping[int, Slice]) -> list[Item]:
        items: list[Item] = []
        for message in page:
            one = slices.get(self.slice_of(_key(message)))
            if one is not None and message.id > one.given:
                items.append(self._item(message))
        return items

    async def wait(self, after: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                await self._arrival.wait()

    def wake(self) -> None:
        self._arrival.set()

    async def read_again(self, last: Item, up_to: int, limit: int) -> tuple[list[Item], bool]:
        after = last.position
        while after < up_to and (page := await self._broker.messages(self._queue, after, PAGE)):
            after = page[-1].id
            items = [self._item(one) for one in page if one.key == last.key and one.id <= up_to]
            if items:
                return items[:limit], after >= up_to and len(items) <= limit
        return [], True

    async def save_held(
        self, done: Mapping[int, Sequence[int]], letters: Sequence[NewLetter], lowest: Lowest
    ) -> None:
        ids = [id for found in done.values() for id in found]
        if ids or letters:
            database = self._fenced({number for number, found in done.items() if found})
            await self._broker.settle(ids, letters, action=self._action, database=database)

    async def fetch(self, letter: Letter) -> Item | None:
        return self._item(msgspec.json.decode(letter.body, type=Message))

    async def is_empty(self) -> bool:
        return not self.is_behind and not await self._broker.messages(self._queue, self._position, 1)

    async def is_settled(self) -> bool:
        return not await self._broker.messages(self._queue, 0, 1)

    def _item(self, message: Message) -> Item:
        key = _key(message)
        body = msgspec.json.encode(message)
        return Item(message.id, key, body, message, 2 * len(body), self.slice_of(key))


def _key(message: Message) -> str:
    return f"#{message.id}" if message.key is None else message.key
