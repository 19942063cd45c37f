"""The context of a workflow's `run`: every call is recorded, and answered from the record later."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NoReturn, ParamSpec, TypeVar, TypeVarTuple

import msgspec

from actum.errors import DefinitionError
from actum.model.code.function_kind import name_of
from actum.model.entity import CommandType
from actum.model.event import Metadata
from actum.model.handler import Command
from actum.model.name import shortened
from actum.model.people.of_entity import ID
from actum.model.people.sealing import SealedType, sealed_type
from actum.model.rows.page import PageRequest
from actum.model.signature import hints_of
from actum.model.view import ViewQuery, ViewType
from actum.ports.database import Timer
from actum.ports.workflows import WorkflowKey
from actum.runtime.context.context import Context, session_of
from actum.runtime.context.history import Histories
from actum.runtime.context.queue_reference import QueueReference
from actum.runtime.context.references import EntityReference
from actum.runtime.context.session import SealMessages, Session
from actum.runtime.services import Services
from actum.runtime.workflows.run.execution import WorkflowExecution
from actum.runtime.workflows.run.stand_in_queue import StandInQueue
from actum.runtime.workflows.stand_ins import StandIn

P = ParamSpec("P")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Coro = Coroutine[Any, Any, Any]


class RecordedSession(Session):
    """Makes each call once, in a session of its own, whose keys come from the workflow and the call."""

    is_recorded = True

    def __init__(self, services: Services, metadata: Metadata, execution: WorkflowExecution) -> None:
        super().__init__(
            services,
            metadata,
            cause=None,
            source="",
            request_key=None,
            expected_version=None,
            seen=0,
            unit=None,
        )
        self._execution = execution

    def act_for(self, who: str) -> None:
        super().act_for(who)
        self._execution.by = who

    def send_command(
        self,
        target: EntityReference,
        command: CommandType,
        positional: tuple[Any, ...],
        named: dict[str, Any],
    ) -> Coro:
        name = f"{target.kind.name}/{target.id}.{command.name}"
        owner = _owner_of_reply(target, command, positional, named)
        return self._execution.call(
            shortened(name),
            self._stand_in(target.kind.cls, command.name, (target.id, *positional), named)
            or (lambda context: session_of(context).send_command(target, command, positional, named)),
            command.signature.read_reply,
            command.signature.sealed_reply,
            owner,
        )

    def send_query(
        self, target: EntityReference, query: CommandType, positional: tuple[Any, ...], named: dict[str, Any]
    ) -> Coro:
        name = f"{target.kind.name}/{target.id}.{query.name}"
        owner = _owner_of_reply(target, query, positional, named)
        return self._execution.call(
            shortened(name),
            self._stand_in(target.kind.cls, query.name, (target.id, *positional), named)
            or (lambda context: session_of(context).send_query(target, query, positional, named)),
            query.signature.read_reply,
            query.signature.sealed_reply,
            owner,
        )

    async def ask_view(
        self,
        view: ViewType,
        query: ViewQuery,
        positional: tuple[Any, ...],
        named: dict[str, Any],
        page: PageRequest | None = None,
    ) -> Any:
        return await self._execution.call(
            f"view {view.name}.{query.name}",
            self._stand_in(view.cls, query.name, positional, named)
            or (lambda context: session_of(context).ask_view(view, query, positional, named, page)),
            query.signature.read_reply,
            query.signature.sealed_reply,
        )

    async def read_row(self, view: ViewType, key: Any) -> Any:
        read, sealed = _reading(view.cls | None, f"a row of the view {view.name}")
        return await self._execution.call(
            f"view {view.name}.get",
            self._stand_in(view.cls, "get", (key,), {})
            or (lambda context: session_of(context).read_row(view, key)),
            read,
            sealed,
        )

    async def put(
        self,
        queue: str,
        messages: Sequence[bytes],
        key: str | None,
        once: str | None,
        *,
        seal: SealMessages | None = None,
    ) -> None:
        await self._execution.call(
            f"queue {queue}",
            lambda context: session_of(context).put(queue, messages, key, once, seal=seal),
            msgspec.json.decode,
        )

    async def call_workflow(
        self, what: str, key: WorkflowKey, do: Callable[[Session], Awaitable[Any]]
    ) -> Any:
        async def call(context: Context) -> Any:
            # One whose end a test answers is not started.
            return what == "start" if self._end_of(key) else await do(session_of(context))

        return await self._execution.call(
            shortened(f"{what} of {key[0]}/{key[1]}"), call, msgspec.json.decode
        )

    async def end_of_workflow(
        self,
        key: tuple[str, str],
        read: Callable[[bytes], Any],
        within: timedelta | None,
        wait: Callable[[], Awaitable[Any]],
    ) -> Any:
        stand_in = self._end_of(key)
        if stand_in is not None:
            name = f"$result of {key[0]}/{key[1]}"
            return await self._execution.call(name, lambda context: stand_in(key[1]), read)
        return await self._execution.ended_of(key, read, within)

    def _stand_in(
        self, cls: type[Any], name: str, positional: tuple[Any, ...], named: dict[str, Any]
    ) -> Callable[[Context], Awaitable[Any]] | None:
        """Gives what a test answers with in place of a call."""
        stand_ins = self.services.workflows.stand_ins
        stand_in = None if stand_ins is None else stand_ins.method(cls, name)
        if stand_in is None:
            return None
        return lambda context: stand_in(*positional, *named.values())

    def _end_of(self, key: WorkflowKey) -> StandIn | None:
        calls = self.services.workflows
        return None if calls.stand_ins is None else calls.stand_ins.end(calls.types[key[0]].cls)


def _reading(annotation: Any, where: str) -> tuple[Callable[[bytes], Any], SealedType | None]:
    """Gives what reads a recorded result of a type, and how it is sealed, if it has personal values."""
    read: Callable[[bytes], Any] = msgspec.json.Decoder(annotation).decode
    sealed = sealed_type(annotation, where)
    return (read, None) if sealed is None else (sealed.opening(read), sealed)


def _owner_of_reply(
    target: EntityReference, handler: CommandType, positional: tuple[Any, ...], named: dict[str, Any]
) -> str:
    """Gives whose the personal values are in the reply of a command or query; "" if each names its own.

    Raises DefinitionError where only the entity knows.
    """
    signature, personal = handler.signature, target.kind.personal
    sealed = signature.sealed_reply
    if sealed is None or sealed.names_owner:
        return ""
    owner = ""
    if personal is not None:
        arguments = () if personal.person == ID else signature.bind(positional, named)
        owner = personal.owner_of_call(target.id, signature, arguments)
    if not owner:
        raise DefinitionError(
            f"{sealed.where} has Personal values, which a workflow records, and it does not say whose they "
            "are: put a field of the type PersonId beside them, or read them in a step"
        )
    return owner


class WorkflowContext(Context):
    """What `run` reaches entities, views, queues and other workflows with."""

    def __init__(self, services: Services, execution: WorkflowExecution, metadata: Metadata) -> None:
        # Without what a Context checks of its caller: all of it was checked before it was stored.
        self._services = services
        self._event = None
        self._execution = execution
        self._session = RecordedSession(services, metadata, execution)

    @property
    def now(self) -> datetime:
        return self._execution.time

    def new_id(self) -> str:
        return self._execution.new_id()

    async def atomic(
        self,
        function: Callable[[Context, *Ts], Awaitable[T]],
        *args: *Ts,
        idempotency_key: str | None = None,
    ) -> T:
        returns = hints_of(function).get("return", Any) if hasattr(function, "__code__") else Any
        stand_ins = self._services.workflows.stand_ins
        stand_in: Any = None if stand_ins is None else stand_ins.step(function)

        async def do(context: Context) -> Any:
            if stand_in not in (None, function):
                return await stand_in(*args)
            return await context.atomic(function, *args, idempotency_key=idempotency_key)

        read, sealed = _reading(returns, f"the result of {name_of(function)}")
        result: T = await self._execution.call(shortened(f"atomic {name_of(function)}"), do, read, sealed)
        return result

    def queue(self, name: str) -> QueueReference:
        stand_ins = self._services.workflows.stand_ins
        take = None if stand_ins is None else stand_ins.queue(name)
        if take is None:
            return super().queue(name)
        return StandInQueue(self._session, name, self._execution, take)

    def schedule(
        self,
        command: Command[P, Any],
        id: str,
        *,
        after: timedelta | None = None,
        at: datetime | None = None,
        name: str | None = None,
    ) -> Callable[P, Coroutine[Any, Any, str]]:
        stand_ins = self._services.workflows.stand_ins
        timer = None if stand_ins is None else stand_ins.timer(command)

        def keep(*positional: P.args, **keywords: P.kwargs) -> Coroutine[Any, Any, str]:
            def do(context: Context) -> Awaitable[str]:
                if timer is not None:
                    return timer(name, id, *positional, *keywords.values())  # type: ignore[no-any-return]
                scheduled = context.schedule(command, id, after=after, at=at, name=name)
                return scheduled(*positional, **keywords)

            return self._execution.call(
                shortened(f"schedule {command.name} of {id}"),
                do,
                partial(msgspec.json.decode, type=str),
            )

        return keep

    async def cancel(self, name: str) -> bool:
        stand_ins = self._services.workflows.stand_ins
        cancel = None if stand_ins is None else stand_ins.cancelled_timer()
        return bool(
            await self._execution.call(
                shortened(f"cancel timer {name}"),
                lambda context: context.cancel(name) if cancel is None else cancel(name),
                msgspec.json.decode,
            )
        )

    async def timers(self, *, limit: int = 100) -> list[Timer]:
        _refuse()

    async def delete(self, cls: Any, id: str, *, erase: bool = False, why: str | None = None) -> int:
        _refuse()

    @property
    def _histories(self) -> Histories:
        _refuse()


def _refuse() -> NoReturn:
    raise DefinitionError(
        "outside a step, run sends commands and messages and asks queries, which are recorded: do this in a "
        "step, a function with a parameter `ctx: Context`, await self.step(function, …)"
    )
