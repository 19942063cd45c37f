"""A whole application under test: in memory, with a clock that tests move, and without sleeping."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from actum.app import App, definition_of
from actum.brokers.open import broker_on
from actum.launch import key_service_for
from actum.model.entity import Entity
from actum.model.event import to_microseconds
from actum.ports.key_service import KeyService
from actum.runtime.clock import ManualClock
from actum.runtime.context.context import Context, session_of
from actum.runtime.declarations import triggers_of
from actum.runtime.gauges.standstill import Standstill
from actum.runtime.node import Node, Settings, open_node
from actum.stores.open import Stores, open_stores
from actum.telemetry.open import traced
from actum.testing.answers import Answers, Asked, What
from actum.testing.doubles import with_doubles
from actum.testing.injection.crashes import NO_FAULTS, Crashes
from actum.testing.injection.injected_faults import CrashPoint, InjectedFaults
from actum.testing.past import START
from actum.testing.stored import GivenEvent
from actum.testing.storing import store_events

if TYPE_CHECKING:
    from actum.testing.http import Client

MEMORY = "memory:"
PATIENCE = timedelta(seconds=30)


class Running:
    """An application that runs in a test.

    `ctx` is a context to send commands and query views with; `clock` stands still until `advance`.
    """

    def __init__(
        self,
        app: App,
        store: str,
        clock: ManualClock,
        settings: Settings,
        doubles: Mapping[type[Any], Any],
        faults: InjectedFaults | None = None,
    ) -> None:
        self.app = app
        self._crashes = None if faults is None else Crashes(faults, self._start_again, self._settled)
        self._doubles = doubles
        self._answers = Answers()
        self.clock = clock
        self._store = store
        self._settings = replace(settings, stand_ins=settings.stand_ins or self._answers)
        self._stores: Stores | None = None
        self._key_service: KeyService | None = None
        self._node: Node | None = None
        self._ctx: Context | None = None
        self._http: Client | None = None
        self._outer = AsyncExitStack()
        self._inner = AsyncExitStack()

    def __repr__(self) -> str:
        return f"<Running {self.app.name} at {self.now:%Y-%m-%d %H:%M:%S}>"

    @property
    def node(self) -> Node:
        """The node that runs it."""
        if self._node is None:
            raise RuntimeError(f"{self!r} has stopped")
        return self._node

    @property
    def ctx(self) -> Context:
        """A context that lasts until a restart: its views show everything that the test wrote through it."""
        if self._ctx is None:
            self._ctx = self.new_context()
        return self._ctx

    @property
    def http(self) -> "Client":
        """An `httpx.AsyncClient` that speaks to this node without a socket (needs actum[testing])."""
        if self._http is None:
            # By name, so that only tests that use HTTP need httpx.
            faults = None if self._crashes is None else self._crashes.faults
            client: Client = import_module("actum.testing.http").Client(self.app, self.node.services, faults)
            self._http = client
        return self._http

    @property
    def now(self) -> datetime:
        """The time that the application sees."""
        return self.clock.today()

    def new_context(self) -> Context:
        """Gives another context, which need not see what others wrote."""
        return Context(self.node.services)

    async def send(self, queue: str, *messages: Any, key: str | None = None) -> None:
        """Puts messages into a queue; `settle` waits until they are handled."""
        await self.ctx.queue(queue).send_all(messages, key=key)

    async def store(self, cls: type[Entity], id: str, *events: GivenEvent) -> None:
        """Stores events of an entity as if it had emitted them now, without a command.

        await t.store(Order, "o-1", stored("OrderPlaced", 1, {"customer": "ann"}), ItemAdded("apple"))
        """
        await store_events(self.node.services, cls, id, events)
        session_of(self.ctx).observe(self.node.services.feed.head, None)

    def answer(self, what: What, *answers: Any) -> None:
        """Answers in place of what workflows call: a step's function, a command or query, another workflow.

        There is one answer for each call, and the last is given again; one that is an error is raised. Calls
        from elsewhere are not answered.
        """
        self._answers.answer(what, answers)

    def asked(self, what: What) -> Asked:
        """Gives what each call passed to what `answer` answers for; of an entity, its id comes first."""
        return self._answers.asked(what)

    async def settle(self, *, allows_failures: bool = False) -> None:
        """Returns when every event, message and due timer has been handled, and every view shows it.

        What waits for the clock, such as a retry, still waits: see `advance`. Raises AssertionError, which
        names what stands still and will not continue by itself: a row that is set aside, a dead letter, a
        store. A test that expects this passes `allows_failures=True`.
        """
        await self._settle()
        failures = [] if allows_failures else await self.failures()
        if failures:
            raise AssertionError("\n".join([f"{self!r} does not settle:", *map(str, failures)]))

    async def failures(self) -> list[Standstill]:
        """Gives what stands still, as `/-/ready` lists it, without what lags or is being built."""
        return [one for one in await self.node.services.readiness.look() if one.is_failure]

    async def _settle(self) -> None:
        await (self._settled() if self._crashes is None else self._crashes.settle())

    async def _settled(self) -> None:
        try:
            await asyncio.wait_for(self.node.settle(), PATIENCE.total_seconds())
        except TimeoutError:
            busy = ", ".join(map(repr, await self.node.busy())) or "nothing"
            raise AssertionError(f"{self!r} did not settle within {PATIENCE}: {busy} is busy") from None

    async def advance(
        self,
        *,
        weeks: float = 0,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        milliseconds: float = 0,
    ) -> None:
        """Moves the clock forward, and settles at each moment that something waits for."""
        span = timedelta(
            weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds
        )
        end = self.clock.now() + span // timedelta(microseconds=1)
        await self._settle()
        while (wake := self.clock.next_wake()) is not None and wake <= end:
            self.clock.move_to(wake)
            await self._settle()
        self.clock.move_to(end)
        await self._settle()

    async def restart(self) -> None:
        """Stops the application as a deployment does, and starts it again on what it has stored."""
        await self._stop_node()
        if self._store != MEMORY:
            await self._outer.aclose()
        await self._start()

    async def crash(self) -> None:
        """Crashes the application now, without its goodbye, and starts it again on what it has stored.

        Needs `testing(app, faults=InjectedFaults())`.
        """
        await self._with_faults().crash()

    def crashing(self, at: CrashPoint) -> AbstractAsyncContextManager[None]:
        """Crashes the application at the next such point within the block, and starts it again.

            async with t.crashing("after commit"):
                await t.ctx.entity(Account, "ann").deposit(5)  # it is done, and its caller is not told

        What the block waits for may raise Unavailable, which ends the block. Raises AssertionError if the
        point is not reached, even by what goes on in the background. Needs `faults`, as `crash` does.
        """
        return self._with_faults().crashing(at)

    def _with_faults(self) -> Crashes:
        if self._crashes is None:
            raise TypeError(NO_FAULTS)
        return self._crashes

    async def _start_again(self) -> None:
        self.node.has_crashed = True
        http, self._http = self._http, None
        self._ctx = None
        await self._inner.aclose()
        if http is not None:
            await http.stop()
        if self._store != MEMORY:
            await self._outer.aclose()
        elif self._stores is not None:
            self._stores.database.hurry()  # What waited to be written belongs to the life before.
        await self._start()

    async def _start(self) -> None:
        if self._stores is None or self._store != MEMORY:
            self._stores = await self._outer.enter_async_context(open_stores(self._store))
        definition = definition_of(self.app)
        if self._key_service is None:
            self._key_service = await key_service_for(definition, self._store)
        await self._inner.enter_async_context(traced(definition.name, is_test=True))
        journal, database = self._stores.journal, self._stores.database
        triggers = triggers_of(definition)
        if self._crashes is not None:
            life = self._crashes.begin()
            journal, database = life.journal(journal), life.database(database)
            triggers = life.triggers(triggers)
        self._node = await self._inner.enter_async_context(
            open_node(
                definition.catalog,
                triggers,
                with_doubles(definition.resources, self._doubles),
                journal=journal,
                database=database,
                broker=broker_on(database),
                clock=self.clock,
                settings=replace(self._settings, limits=definition.limits),
                host=self._stores.host,
                key_service=self._key_service,
            )
        )

    async def _stop(self) -> None:
        try:
            await self._stop_node()
        finally:
            await self._outer.aclose()

    async def _stop_node(self) -> None:
        if self._http is not None:
            await self._http.stop()
        self._node = self._ctx = self._http = None
        await self._inner.aclose()


@asynccontextmanager
async def testing(
    app: App,
    *,
    store: str = MEMORY,
    start: datetime = START,
    settings: Settings | None = None,
    doubles: Mapping[type[Any], Any] | None = None,
    faults: InjectedFaults | None = None,
) -> AsyncGenerator[Running, None]:
    """Runs an application for a test: in memory, refusing input and output in commands and reducers.

    Its clock starts at `start` and is moved only by `advance`. `doubles` stand in for resources, by type:
    what opens these is not called. `faults` has it meet duplicates, another order, and crashes.
    """
    if faults is not None and store.partition(":")[0] not in ("memory", "sqlite"):
        raise TypeError(f"faults are injected in memory and on SQLite, and not on {store.partition(':')[0]}")
    clock = ManualClock(to_microseconds(start))
    settings = settings or Settings(is_development=True)
    running = Running(app, store, clock, settings, doubles or {}, faults)
    try:
        await running._start()
        yield running
    finally:
        await running._stop()


# Pytest must not collect it because of its name.
setattr(testing, "__test__", False)  # noqa: B010
