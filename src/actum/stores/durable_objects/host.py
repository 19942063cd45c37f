"""Reaches entities that live in Durable Objects, for commands, queries and timers."""

from actum.ports.host import Host, HostedAnswer, HostedCall, HostedTimer
from actum.stores.durable_objects import wire
from actum.stores.durable_objects.client import Client


class DurableObjectsHost(Host):
    """Entities in objects; calls that are made together are sent in one request."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __repr__(self) -> str:
        return f"<DurableObjectsHost {self._client!r}>"

    async def command(self, call: HostedCall) -> HostedAnswer:
        sent = wire.Command(
            call.name,
            call.arguments.decode(),
            call.metadata.decode(),
            call.call_id,
            call.key,
            call.mark,
            call.expected_version,
        )
        return _answer(await self._client.ask(call.kind, call.id, sent, wire.Result))

    async def query(self, call: HostedCall) -> HostedAnswer:
        sent = wire.Query(call.name, call.arguments.decode(), call.expected_version)
        return _answer(await self._client.ask(call.kind, call.id, sent, wire.Result))

    async def schedule(self, timer: HostedTimer) -> None:
        arguments, metadata = timer.arguments.decode(), timer.metadata.decode()
        sent = wire.Schedule(timer.name, timer.due, timer.command, arguments, metadata, timer.key)
        await self._client.ask(timer.kind, timer.id, sent, type(None))

    async def cancel(self, kind: str, id: str, name: str) -> None:
        await self._client.ask(kind, id, wire.Cancel(name), type(None))


def _answer(result: wire.Result) -> HostedAnswer:
    return HostedAnswer(result.reply.encode(), result.position, result.version, result.before)
