"""Entities that live in a host outside this process: how commands and queries are sent to them."""

from typing import Any, Protocol

from actum.errors import Conflict, DefinitionError, WrongVersion
from actum.ports.host import Host, HostedAnswer, HostedCall
from actum.ports.journal import EventRange, Journal
from actum.runtime.clock import Clock
from actum.runtime.entities.dispatcher import MAX_ATTEMPTS, Call, CommandDispatcher
from actum.runtime.entities.precondition import Precondition
from actum.runtime.feed import Feed


class EntityCalls(Protocol):
    """Runs commands and queries against entities, in this process or in a host."""

    async def command(self, call: Call) -> Any:
        """Runs a command and gives its reply, when its events are durable."""
        ...

    async def query(self, call: Call) -> Any:
        """Answers from the current state, when all it shows is durable."""
        ...

    def check_version(self, call: Call, version: int) -> None:
        """Raises WrongVersion when a call expects another version."""
        ...


class HostedEntities:
    """Runs commands and queries against the entities of a host."""

    def __init__(self, host: Host, journal: Journal, feed: Feed, clock: Clock) -> None:
        self._host = host
        self._journal = journal
        self._feed = feed
        self._clock = clock

    async def command(self, call: Call) -> Any:
        """Runs a command and gives its reply, when its events are durable and in the feed."""
        call.bind()
        sent = self._sent(call)
        sent.metadata, sent.call_id = call.metadata, self._clock.new_id()
        sent.key = call.key
        if call.key is not None and call.identity != "":
            sent.mark = call.arguments_mark()
        answer = await self._sent_if_allowed(call, sent)
        self._feed.advance(answer.position)
        reply = call.command.signature.read_reply(answer.reply)
        if call.observer is not None:
            call.observer.observe(answer.position, answer.version, is_first=answer.has_begun_entity)
        return reply

    async def query(self, call: Call) -> Any:
        """Answers from the current state, when all it shows is durable."""
        call.bind()
        answer = await self._host.query(self._sent(call))
        if isinstance(call.expected_version, Precondition) and answer.version is not None:
            self.check_version(call, answer.version)
        return call.answer(call.command.signature.read_reply(answer.reply), 0, answer.version)

    def check_version(self, call: Call, version: int) -> None:
        """Raises WrongVersion when a call expects another version."""
        CommandDispatcher.check_version(call, version)

    async def _sent_if_allowed(self, call: Call, sent: HostedCall) -> HostedAnswer:
        """Sends a command; a precondition is checked here, and the object checks that version."""
        if not isinstance(call.expected_version, Precondition):
            return await self._host.command(sent)
        for _ in range(MAX_ATTEMPTS):
            sent.expected_version = await self._allowed_version(call)
            try:
                return await self._host.command(sent)
            except WrongVersion:
                continue  # Another command was first: check again whether this one is allowed.
        raise Conflict(
            f"{call.kind.name}/{call.id}: other writers were first {MAX_ATTEMPTS} times in a row; send again"
        )

    async def _allowed_version(self, call: Call) -> int | None:
        """Returns an entity's version if the precondition allows it; None if the key has an answer."""
        stream = (call.kind.name, call.id)
        if call.key is not None and (await self._journal.replies([(*stream, call.key)]))[0] is not None:
            return None
        last = await self._journal.read(EventRange(*stream, limit=1, reverse=True))
        version = last[0].version if last else 0
        self.check_version(call, version)
        return version

    def _sent(self, call: Call) -> HostedCall:
        expected = call.expected_version
        arguments = call.command.signature.write(call.arguments)
        return HostedCall(
            call.kind.name,
            call.id,
            call.command.name,
            arguments,
            expected_version=None if isinstance(expected, Precondition) else expected,
        )


def refuse_unit(first: str, second: str) -> DefinitionError:
    """Returns the error that a unit cannot span two entities of a host, with what to do."""
    return DefinitionError(
        f"ctx.atomic would write {first} and {second} together: each is an object with a storage of its own, "
        "and no transaction spans two; send one command, and let an action on its event send the next"
    )
