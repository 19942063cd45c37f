"""Commands and queries that are reported one by one; used only if there are listeners."""

from typing import Any

from actum.runtime.entities.dispatcher import Call
from actum.runtime.entities.hosted import EntityCalls
from actum.runtime.instruments.instruments import Instruments, Work


class ReportedCalls:
    """Forwards commands and queries, and reports each from its call until its reply is durable."""

    def __init__(self, calls: EntityCalls, instruments: Instruments) -> None:
        self._calls = calls
        self._instruments = instruments

    def __repr__(self) -> str:
        return f"<ReportedCalls of {self._calls!r}>"

    async def command(self, call: Call) -> Any:
        """Runs a command and gives its reply, when its events are durable."""
        with self._instruments.measuring(Work("command", f"{call.kind.name}.{call.command.name}")):
            return await self._calls.command(call)

    async def query(self, call: Call) -> Any:
        """Answers from the current state, when all it shows is durable."""
        with self._instruments.measuring(Work("query", f"{call.kind.name}.{call.command.name}")):
            return await self._calls.query(call)

    def check_version(self, call: Call, version: int) -> None:
        """Raises WrongVersion when a call expects another version."""
        self._calls.check_version(call, version)
