"""A workflow as its callers see it: to start, signal, wait for, and control."""

from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

import msgspec
from msgspec import Struct
from msgspec.json import encode

from actum.errors import DefinitionError, Invalid
from actum.model.event import to_datetime
from actum.model.people.sealing import sealed_class
from actum.model.values.round_trip import LOST, RoundTrip, reason_of, short_repr
from actum.model.workflows.workflow import Workflow
from actum.model.workflows.workflow_type import WorkflowType
from actum.ports.workflows import NewSignal, NewWorkflow, Status
from actum.runtime.context.session import Session
from actum.runtime.instruments.tracing import tracing
from actum.runtime.keys.stored import digest, stored_key
from actum.runtime.workflows.calls import WorkflowCalls
from actum.runtime.workflows.run.outcome import MAX_RESULT_BYTES

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)
ContextT_contra = TypeVar("ContextT_contra", contravariant=True)
WorkflowT = TypeVar("WorkflowT", bound=Workflow)


class Runs(Protocol[ContextT_contra, P, R_co]):
    """A workflow by its `run`: what it takes after the context, and what it returns."""

    def run(
        self, ctx: ContextT_contra, /, *arguments: P.args, **named: P.kwargs
    ) -> Coroutine[Any, Any, R_co]:
        """Runs the workflow."""
        ...


class WorkflowStatus(Struct, frozen=True):
    """Where a workflow is. `error` says why it is stalled, failed, or tried again; "" if nothing is wrong.

    `wakes_at` is when it has something to do next, None if only a signal or an operator can wake it. `state`
    holds its fields as JSON objects have them.
    """

    kind: str
    id: str
    status: Status
    state: dict[str, Any]
    error: str
    wakes_at: datetime | None
    started_at: datetime
    changed_at: datetime
    generation: int


class WorkflowReference(Generic[P, R_co]):
    """One workflow, which need not have been started yet."""

    def __init__(self, session: Session, calls: WorkflowCalls, kind: WorkflowType, id: str) -> None:
        self._session = session
        self._calls = calls
        self._kind = kind
        self.id: str = id

    def __repr__(self) -> str:
        return f"<workflow {self._kind.name}/{self.id}>"

    async def start(self, *arguments: P.args, **named: P.kwargs) -> bool:
        """Starts it, once for its id; when this returns, it is durable. False if it was started before.

        One that has ended is kept as long as its class says (`keep_for=`), and so is that its id was used.
        Raises Invalid for arguments that `run` does not take, and AlreadyStarted if it was with others.
        """
        bound = self._kind.signature.bind(arguments, named)
        written = self._kind.signature.write(bound)
        if len(written) > MAX_RESULT_BYTES:
            raise Invalid(
                f"{self._kind.name}: the arguments have {len(written):,} bytes of JSON, and "
                f"{MAX_RESULT_BYTES:,} are the most: keep the content elsewhere, and pass where it is"
            )
        kind = self._kind
        owner = kind.owner.of(self.id, bound) if kind.is_personal else ""

        async def start(session: Session) -> bool:
            body, people = written, session.services.people
            if kind.signature.sealed is not None and people is not None:
                body = await people.sealed(kind.signature.sealed, kind.signature.arguments(*bound), owner)
            now, limit, metadata = session.services.clock.now(), kind.timeout, session.metadata
            deadline = None if limit is None else now + limit // timedelta(microseconds=1)
            return await self._calls.start(
                NewWorkflow(
                    kind.name,
                    self.id,
                    body,
                    digest(written),
                    now,
                    deadline,
                    metadata.correlation_id,
                    metadata.causation_id,
                    metadata.by,
                    session.subject,
                    tracing.traceparent(),
                )
            )

        return bool(await self._call("start", start))

    async def signal(self, signal: Any, *, once: str | None = None) -> None:
        """Sends a value, which `run` takes with `await self.receive(TYPE)`; when this returns, it is durable.

        A signal with a `once` mark that was sent before is dropped. Raises NotFound if the workflow was not
        started, WrongStatus if it has ended, and Invalid for a value that JSON does not preserve.
        """
        name, written = type(signal).__name__, _written(signal)
        kind, id = self._kind.name, self.id

        async def send(session: Session) -> None:
            mark = session.next_mark("$signals", f"{kind}/{id}", name) if once is None else stored_key(once)
            call = "" if once is None else digest(name, written)
            body = await self._sealed_signal(session, signal, written)
            now = session.services.clock.now()
            await self._calls.signal(NewSignal(kind, id, name, body, now, mark, call))

        await self._call(f"signal {name}", send)

    async def result(self, *, within: timedelta | None = None) -> R_co:
        """Waits until it has ended, and returns what `run` returned.

        Raises what `run` raised, WorkflowCancelled if it was cancelled, NotFound if it was not started, and
        NotEnded if it has not ended within a time.
        """
        limit: Any = within
        if limit is not None and (not isinstance(limit, timedelta) or limit < timedelta()):
            raise DefinitionError(f"result(within={within!r}): write a span, as in timedelta(seconds=10)")
        kind, id, read = self._kind.name, self.id, self._kind.signature.read_reply
        result: R_co = await self._session.end_of_workflow(
            (kind, id), read, within, lambda: self._calls.result(kind, id, read, within)
        )
        return result

    async def status(self) -> WorkflowStatus:
        """Returns where it is now. Raises NotFound if it was not started."""
        self._refuse_in_run("status")
        found = await self._calls.find(self._kind.name, self.id)
        return WorkflowStatus(
            found.kind,
            found.id,
            found.status,
            msgspec.json.decode(found.state) if found.state else {},
            found.error,
            None if found.due is None else to_datetime(found.due),
            to_datetime(found.created),
            to_datetime(found.updated),
            found.generation,
        )

    async def cancel(self) -> None:
        """Cancels it: what it is doing is finished, nothing new is begun, and its compensations run."""
        await self._request("cancel")

    async def pause(self) -> None:
        """Has it begin nothing new until it is resumed; what it is doing is finished."""
        await self._request("pause")

    async def resume(self) -> None:
        """Has it go on if it is paused or stalled."""
        await self._request("resume")

    async def retry(self) -> None:
        """Has it go on if it is stalled, or has failed without having compensated anything."""
        await self._request("retry")

    async def restart(self, step: str | None = None, *, occurrence: int = 1) -> None:
        """Runs it again from a step, or from its beginning: what was recorded from there on is dropped.

        What was recorded before stays, and is not done again. Commands that are sent again take effect again.
        """
        await self._request("restart" if step is None else f"restart:{occurrence}:{step}")

    async def _sealed_signal(self, session: Session, signal: Any, written: bytes) -> bytes:
        """Gives what is stored of a signal: its JSON, with its personal values sealed."""
        sealed = sealed_class(type(signal), f"the signal {type(signal).__name__}")
        if sealed is None:
            return written
        people, kind = session.services.people, self._kind
        if people is None:
            raise kind.owner.no_key(sealed)
        owner = ""
        if not sealed.names_owner:
            stored = await self._calls.find(kind.name, self.id)
            await self._calls.prepared(stored.input)
            owner = kind.owner.of(self.id, kind.signature.bind_json(stored.input))
            if not owner:
                kind.owner.check(sealed)
        return await people.sealed(sealed, signal, owner)

    async def _request(self, request: str) -> None:
        async def ask(_: Session) -> None:
            await self._calls.request(self._kind.name, self.id, request)

        await self._call(request.partition(":")[0], ask)

    async def _call(self, what: str, do: Callable[[Session], Awaitable[Any]]) -> Any:
        self._session.check_open()
        return await self._session.call_workflow(what, (self._kind.name, self.id), do)

    def _refuse_in_run(self, what: str) -> None:
        if self._session.is_recorded:
            raise DefinitionError(f"{what} differs each time: in the run of a workflow, read it in a step")


def _written(signal: Any) -> bytes:
    try:
        body = encode(signal)
        fault = RoundTrip(type(signal)).fault(signal)
    except LOST as error:
        raise Invalid(f"{short_repr(signal)} is no signal: {reason_of(error)}") from error
    if fault is not None:
        raise Invalid(f"{type(signal).__name__} is no signal, for JSON does not give it back: {fault}")
    if len(body) > MAX_RESULT_BYTES:
        raise Invalid(f"a signal has at most {MAX_RESULT_BYTES:,} bytes of JSON, and this one {len(body):,}")
    return body
