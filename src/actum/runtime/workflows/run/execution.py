"""The execution of one workflow: its `run` is called, and what it awaits is done once and recorded."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.json import encode

from actum.errors import DefinitionError, NotFound, OutdatedRecord
from actum.model.code.function_kind import require_awaitable
from actum.model.event import to_datetime
from actum.model.people.sealing import SealedType, sealed_class
from actum.model.retries import Retries
from actum.model.values.round_trip import LOST
from actum.model.workflows.workflow import Step
from actum.ports.workflows import ENDED, StoredSignal, StoredWorkflow, WorkflowKey
from actum.runtime.context.context import Context
from actum.runtime.keys.stored import made_fraction, made_id
from actum.runtime.workflows.allowed import COMPENSATION
from actum.runtime.workflows.calls import not_ended
from actum.runtime.workflows.run.history import Key, shown
from actum.runtime.workflows.run.operations import MICROSECOND, MakeContext, Operations, Read
from actum.runtime.workflows.run.outcome import Kept, KeptError, kept_error

UNNAMED = "(unnamed)"
"""What a step is reported as whose function has no name."""
CALL = "call"
"""What the calls of the context are reported as: their names may contain ids."""
LOOK_AGAIN = 600_000_000
"""Microseconds after which a workflow is woken that has a signal which this program cannot read."""

log: logging.Logger = logging.getLogger("actum.workflows")


class WorkflowExecution(Operations):
    """What `run` calls through its workflow: every operation takes its key at once, in the order of calls."""

    @property
    def time(self) -> datetime:
        return to_datetime(self.history.recorded_at)

    def new_id(self) -> str:
        self._made += 1
        return made_id(f"{self.source}/{self.services.identity}", self._made)

    def random(self) -> float:
        self._drawn += 1
        return made_fraction(f"{self.source}/{self.services.identity}", self._drawn)

    def step(
        self,
        function: Step[Any],
        arguments: tuple[Any, ...],
        *,
        name: str | None,
        retries: Retries | None,
        timeout: timedelta,
    ) -> Coroutine[Any, Any, Any]:
        declared = self._functions.of(function)
        key = self.history.next_key(declared.record_name(name))
        limit: Any = timeout
        if not isinstance(limit, timedelta) or limit <= timedelta():
            raise DefinitionError(f"{shown(key)}: timeout={timeout!r} is no positive span, a timedelta")

        async def do(make_context: MakeContext) -> Raw:
            given = declared.bind(arguments, make_context, self.services.resources)
            written = declared.write(await declared.function(*given), key[0])
            if declared.sealed is None:
                return written
            return await self.sealed(declared.sealed, declared.read(bytes(written)))

        label = declared.name if declared.name.isidentifier() else UNNAMED
        return self.operate(key, label, do, declared.read, retries or Retries(), limit.total_seconds())

    def call(
        self,
        name: str,
        do: Callable[[Context], Awaitable[Any]],
        read: Read,
        sealed: SealedType | None = None,
        owner: str = "",
    ) -> Coroutine[Any, Any, Any]:
        """Does what a call of the workflow's context does, once, and records it under a name.

        Its result may be `sealed`; `owner` has the personal values in it that name nobody.
        """

        async def done(make_context: MakeContext) -> Raw:
            result = await do(make_context())
            return Raw(encode(result)) if sealed is None else await self.sealed(sealed, result, owner)

        return self.operate(self.history.next_key(name), CALL, done, read, None, None)

    def sleep(self, span: timedelta) -> Coroutine[Any, Any, None]:
        return self._sleep(self.history.next_key("$sleep"), span)

    async def _sleep(self, key: Key, span: timedelta) -> None:
        kept = self.history.find(key)
        if kept is None:
            await self.admit()
            kept = self.keep(key, Kept(due=self.now() + _whole(span, "sleep")))
        due = kept.due or 0
        while self.now() < due:
            await self.admit()
            await self.parked.wait(due)
        if self.is_turned_out:
            await self.leave()
        self.history.give(key)
        self.history.recorded_at = max(self.history.recorded_at, due)

    def receive(self, kind: type[Any], within: timedelta | None) -> Coroutine[Any, Any, Any]:
        name = getattr(kind, "__name__", None) or repr(kind)
        return self._receive(self.history.next_key(f"$receive {name}"), kind, name, within)

    def compensate(self, function: Callable[[], Awaitable[object]]) -> None:
        given: Any = function
        if not callable(given):
            raise DefinitionError(
                "compensate takes a function, which is called if what follows fails: write "
                "self.compensate(lambda: …)"
            )
        self.compensations.append(function)

    def gather(self, parts: tuple[Awaitable[Any], ...]) -> Coroutine[Any, Any, tuple[Any, ...]]:
        return self._gather(parts)

    def ended_of(self, key: WorkflowKey, read: Read, within: timedelta | None) -> Coroutine[Any, Any, Any]:
        """Waits for the end of another workflow, and gives what it returned or raises why it failed."""
        return self._await_end(self.history.next_key(f"$result of {key[0]}/{key[1]}"), key, read, within)

    async def undo(self, retries: Retries) -> None:
        """Runs the compensations in reverse order; raises what one of them raises once it is given up."""
        for number in range(len(self.compensations), 0, -1):
            await self._compensate((COMPENSATION, number), self.compensations[number - 1], retries)

    # What follows is how.

    async def _receive(self, key: Key, kind: type[Any], name: str, within: timedelta | None) -> Any:
        read: Read = msgspec.json.Decoder(kind).decode
        sealed = sealed_class(kind, f"the signal {name}")
        if sealed is not None:
            read = sealed.opening(read)
        while (kept := self.history.find(key)) is None or not kept.is_final:
            await self.admit()
            signal = self.signals.next(name)
            if signal is not None:
                body = await self._body_of(signal, read, sealed)
                if body is not None and self.signals.take(signal):
                    self.keep(key, Kept(result=body))
                continue
            if kept is None and within is not None:
                kept = self.keep(key, Kept(due=self.now() + _whole(within, "receive")))
            due = None if kept is None else kept.due
            if due is not None and self.now() >= due:
                self.keep(key, Kept(result=Raw(b"null")))
                continue
            await self.parked.wait(self._looked_again(due, name))
        if within is not None and bytes(kept.result) == b"null":
            self.history.give(key)
            return None
        if self.is_turned_out:
            await self.leave()
        return self.given(key, kept, read)

    async def _body_of(self, signal: StoredSignal, read: Read, sealed: SealedType | None) -> Raw | None:
        """Gives what is recorded of a signal; None if it cannot be read, and waits for another release.

        What came as plain text, as from the command line, is sealed from now on.
        """
        try:
            value = read(signal.body)
        except LOST as error:
            workflow = self.workflow
            message = "%s/%s: a signal %s does not fit, and is passed over until the program has changed: %s"
            log.error(message, workflow.kind, workflow.id, signal.name, error)
            self.signals.pass_over(signal)
            return None
        return Raw(signal.body) if sealed is None else await self.sealed(sealed, value)

    def _looked_again(self, due: int | None, name: str) -> int | None:
        """Gives the time up to which to wait: soon, if another program may be able to read a signal then."""
        if not self.signals.has_unread(name):
            return due
        soon = self.now() + LOOK_AGAIN
        return soon if due is None else min(due, soon)

    async def _gather(self, parts: tuple[Awaitable[Any], ...]) -> tuple[Any, ...]:
        if not parts:
            return ()
        parked = self.parked
        parked.branches += len(parts) - 1
        left = len(parts)

        async def run(part: Awaitable[Any]) -> Any:
            nonlocal left
            try:
                return await part
            finally:
                left -= 1
                if left:
                    parked.branches -= 1
                    parked.look()

        tasks = [asyncio.create_task(run(part)) for part in parts]
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            raise
        return tuple(task.result() for task in tasks)

    async def _await_end(self, key: Key, workflow: WorkflowKey, read: Read, within: timedelta | None) -> Any:
        found: list[StoredWorkflow | None] = []

        async def look() -> None:
            stored = await self.services.database.workflow(*workflow)
            if stored is not None:
                await self.services.workflows.prepared(stored.outcome)
            found.append(stored)

        while (kept := self.history.find(key)) is None or not kept.is_final:
            await self.admit()
            await self.apart(key, look, None)
            stored = found.pop()
            if stored is None:
                raise NotFound(f"there is no workflow {workflow[0]}/{workflow[1]}: start it first")
            if stored.status == "completed":
                self.keep(key, Kept(result=Raw(stored.outcome)))
            elif stored.status in ENDED:
                self.keep(key, Kept(error=msgspec.json.decode(stored.outcome, type=KeptError)))
            else:
                if kept is None and within is not None:
                    kept = self.keep(key, Kept(due=self.now() + _whole(within, "result")))
                due = None if kept is None else kept.due
                if due is not None and self.now() >= due:
                    self.keep(key, Kept(error=kept_error(not_ended(workflow, within))))
                    continue
                self.awaited.add(workflow)
                await self.parked.wait(due)
        self.awaited.discard(workflow)
        if self.is_turned_out:
            await self.leave()
        return self.given(key, kept, read)

    async def _compensate(
        self, key: Key, function: Callable[[], Awaitable[object]], retries: Retries
    ) -> None:
        kept = self.history.find(key)
        attempts = 0 if kept is None else kept.attempts
        # Those that failed are called too: what they did is recorded, and counts occurrences.
        for _ in range(attempts):
            if await self._tried(function) is None:
                break
        while (kept := self.history.find(key)) is None or not kept.is_final:
            if kept is not None and kept.due is not None and self.now() < kept.due:
                await self.parked.wait(kept.due)
                continue
            error = await self._tried(function)
            if error is None:
                self.keep(key, Kept(result=Raw(b"true")))
                continue
            attempts += 1
            due = self.now() + retries.pause(
                (attempts - 1) % retries.attempts + 1, self.services.clock.jittered
            )
            self.keep(key, Kept(due=due, attempts=attempts))
            if attempts % retries.attempts == 0:
                raise error

    async def _tried(self, function: Callable[[], Awaitable[object]]) -> Exception | None:
        try:
            await require_awaitable("a compensation", function())
        except (OutdatedRecord, DefinitionError):
            raise
        except Exception as error:  # noqa: BLE001 (an attempt that failed)
            return error
        return None


def _whole(span: Any, what: str) -> int:
    """Gives a span in microseconds; raises DefinitionError for what is none."""
    if not isinstance(span, timedelta):
        raise DefinitionError(f"{what} takes a timedelta, as in timedelta(days=2), and was given {span!r}")
    return max(0, span // MICROSECOND)
