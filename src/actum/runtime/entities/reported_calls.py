"""Commands and queries that are reported one by one; used only if somebody listens or traces."""

from time import perf_counter
from typing import Any

from actum.runtime.entities.dispatcher import Call
from actum.runtime.entities.hosted import EntityCalls
from actum.runtime.instruments.instruments import Instruments, Kind, Work
from actum.runtime.instruments.tracing import tracing


class ReportedCalls:
    """Forwards commands and queries, and reports each from its call until its reply is durable.

    A command that is traced has a span of its own, which its events name.
    """

    def __init__(self, calls: EntityCalls, instruments: Instruments) -> None:
        self._calls = calls
        self._instruments = instruments
        self._works: dict[tuple[str, str], Work] = {}

    def __repr__(self) -> str:
        return f"<ReportedCalls of {self._calls!r}>"

    async def command(self, call: Call) -> Any:
        """Runs a command and gives its reply, when its events are durable."""
        tracer = tracing.tracer
        if tracer is not None and tracer.is_sampled():
            return await self._traced(call)
        # Written out, because an object that measures would cost each command a microsecond.
        instruments, work = self._instruments, self._work("command", call)
        if instruments.hears_starts:
            instruments.started(work)
        began = perf_counter()
        try:
            reply = await self._calls.command(call)
        except BaseException as error:
            instruments.stopped(work, error, perf_counter() - began)
            raise
        instruments.ending(work)(perf_counter() - began)
        return reply

    async def query(self, call: Call) -> Any:
        """Answers from the current state, when all it shows is durable."""
        work = self._work("query", call)
        with self._instruments.measuring(work), tracing.span("query", work.name):
            return await self._calls.query(call)

    async def _traced(self, call: Call) -> Any:
        work = self._work("command", call)
        with self._instruments.measuring(work), tracing.span("command", work.name):
            call.metadata = tracing.stamped(call.metadata)
            return await self._calls.command(call)

    def check_version(self, call: Call, version: int) -> None:
        """Raises WrongVersion when a call expects another version."""
        self._calls.check_version(call, version)

    def _work(self, kind: Kind, call: Call) -> Work:
        place = call.kind.name, call.command.name
        work = self._works.get(place)
        if work is None:
            work = self._works[place] = Work(kind, ".".join(place))
        return work
