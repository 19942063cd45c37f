"""Entities that live elsewhere: how a running application sends them commands and queries."""

from typing import Any, Protocol

from actum.errors import DefinitionError, Invalid
from actum.hosts.port import Host, HostedCall
from actum.runtime.clock import Clock
from actum.runtime.entities import Call, Entities
from actum.runtime.feed import Feed
from actum.runtime.precondition import Precondition


class EntityCalls(Protocol):
    """Whoever runs commands and queries against entities, wherever those live."""

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

    def __init__(self, host: Host, feed: Feed, clock: Clock) -> None:
        self._host = host
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
        answer = await self._host.command(sent)
        self._feed.advance(answer.position)
        reply = call.command.signature.read_reply(answer.reply)
        return call.answer(reply, answer.position, answer.version)

    async def query(self, call: Call) -> Any:
        """Answers from the current state, when all it shows is durable."""
        call.bind()
        answer = await self._host.query(self._sent(call))
        return call.answer(call.command.signature.read_reply(answer.reply), 0, answer.version)

    def check_version(self, call: Call, version: int) -> None:
        """Raises WrongVersion when a call expects another version."""
        Entities.check_version(call, version)

    def _sent(self, call: Call) -> HostedCall:
        expected = call.expected_version
        if isinstance(expected, Precondition):
            raise Invalid(
                f"{call.kind.name}/{call.id} is in a Durable Object, which compares one version alone: "
                f"it cannot be asked {expected.said}"
            )
        arguments = call.command.signature.write(call.arguments)
        return HostedCall(call.kind.name, call.id, call.command.name, arguments, expected_version=expected)


def refuse_unit(first: str, second: str) -> DefinitionError:
    """Says why a unit cannot span two entities of a host, and what to do."""
    return DefinitionError(
        f"ctx.atomic would write {first} and {second} together: each is an object with a storage of its own, "
        "and no transaction spans two; send one command, and let an action on its event send the next"
    )
