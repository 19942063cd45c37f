"""A node: one running application in one process, its parts started in order and stopped in order."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from msgspec import Struct

from actum.model.error_text import error_text
from actum.ports.broker import Broker
from actum.ports.database import Database
from actum.ports.host import Host
from actum.ports.journal import Journal
from actum.ports.key_service import KeyService
from actum.runtime.actions.reactor import actions_of
from actum.runtime.actions.running_action import ActionAssignment, RunningAction
from actum.runtime.actions.triggers.messages import readers
from actum.runtime.actions.triggers.trigger import ActionTrigger
from actum.runtime.actions.worker import Worker
from actum.runtime.catalog import Catalog
from actum.runtime.clock import Clock
from actum.runtime.cluster.assignment import Assignment
from actum.runtime.cluster.coordinator import Coordinator
from actum.runtime.cluster.heartbeat import Heartbeat
from actum.runtime.contained_tasks import contain_tasks
from actum.runtime.context.erasure import finish_erasures
from actum.runtime.context.outgoing import Outgoing
from actum.runtime.context.reruns import Reruns
from actum.runtime.context.timers import HostedTimers, Timers
from actum.runtime.entities.claims import Claims
from actum.runtime.entities.committer import MAX_STAGED, Committer
from actum.runtime.entities.directory import Directory, EvictionPolicy
from actum.runtime.entities.dispatcher import CommandDispatcher
from actum.runtime.entities.hosted import EntityCalls, HostedEntities
from actum.runtime.entities.input_output_guard import pure
from actum.runtime.entities.kept_states import keep_states
from actum.runtime.entities.reported_calls import ReportedCalls
from actum.runtime.feed import Feed
from actum.runtime.gauges.lags import Lags
from actum.runtime.gauges.part_checks import PartChecks
from actum.runtime.gauges.sampler import Sampler
from actum.runtime.instruments.instruments import Instruments
from actum.runtime.instruments.listeners import open_instruments
from actum.runtime.instruments.reported_stores import ReportedJournal, reported_database
from actum.runtime.instruments.tracing import tracing
from actum.runtime.keys.key_retention import KeyRetention
from actum.runtime.keys.requests import Requests
from actum.runtime.opened_resource import OpenedResource, OpenResource
from actum.runtime.orphaned_names import look_for_left, warn_of_events_left, warn_of_left
from actum.runtime.people.keyring import Keyring
from actum.runtime.people.opening import open_keyring, with_people
from actum.runtime.people.sealed_database import sealed_database
from actum.runtime.people.sealed_journal import SealedJournal
from actum.runtime.readiness import Readiness
from actum.runtime.services import Services, Signals
from actum.runtime.supervisor import Supervisor
from actum.runtime.views.reading import Views
from actum.runtime.workflows.calls import WorkflowCalls
from actum.runtime.workflows.running_workflows import RunningWorkflows, WorkflowAssignment, workflows_of
from actum.runtime.workflows.stand_ins import StandIns
from actum.runtime.workflows.workflow_retention import WorkflowRetention

POLL = 0.001

log: logging.Logger = logging.getLogger("actum.node")


class Settings(Struct, frozen=True):
    """The bounds of a node. Beyond `most_staged` commands that wait to be written it is Overloaded.

    A test has `stand_ins` run in place of what workflows call.
    """

    residence: EvictionPolicy = EvictionPolicy()
    most_staged: int = MAX_STAGED
    is_development: bool = False
    stand_ins: StandIns | None = None
    limits: Mapping[str, float] = {}
    """Seconds that a part may be behind, by its name, until `/-/ready` says that it is not ready."""


class Node:
    """One running application."""

    def __init__(self, services: Services, supervisor: Supervisor) -> None:
        self.services = services
        self.supervisor = supervisor
        self.actions: Sequence[RunningAction] = ()
        self.workflows: Sequence[RunningWorkflows] = ()
        self.coordinator: Coordinator | None = None
        self.heartbeat: Heartbeat = Heartbeat()
        self.has_crashed: bool = False
        """Whether it is to be stopped as if its process had died, for a test."""

    def __repr__(self) -> str:
        return f"<Node with {len(self.services.directory.live)} live entities>"

    @property
    def assignments(self) -> list[ActionAssignment | WorkflowAssignment]:
        """The slices of actions and workflows, or one for the whole where it is not split."""
        running: list[RunningAction | RunningWorkflows] = [*self.actions, *self.workflows]
        return [assignment for one in running for assignment in one.assignments]

    @property
    def workers(self) -> list[Worker]:
        """The workers of the actions that this process runs."""
        return [work.worker for work in self.actions if work.worker is not None]

    def lose(self, name: str) -> None:
        """Ends an assignment that another process has taken over."""
        if self.coordinator is not None:
            self.coordinator.lose(name)

    async def settle(self) -> None:
        """Returns when every event, message and due timer has been handled, and every view shows it.

        What waits for the clock, such as a retry, still waits. The work of other processes counts too, for
        the events that this one knows of, and by this one's clock.
        """
        before = None
        while True:
            is_busy = bool(await self.busy())
            # Work may have moved from a part not yet looked at to one that was: two looks must be alike.
            now = None if is_busy else self._activity()
            if now is not None and now == before:
                return
            before = now
            await asyncio.sleep(POLL if is_busy else 0)

    async def busy(self) -> list[object]:
        """Returns the parts that have something left to do before the clock moves."""
        services = self.services
        parts: list[object] = [] if services.committer.is_idle else [services.committer]
        if self.coordinator is not None and self.coordinator.is_moving:
            parts.append(self.coordinator)
        parts += [action for action in self.actions if not await action.is_idle()]
        works: list[Assignment | RunningWorkflows] = [*services.views.works.values(), *self.workflows]
        return parts + [work for work in works if not await work.is_idle()]

    def _activity(self) -> tuple[int, ...]:
        works: list[Worker | RunningWorkflows] = [*self.workers, *self.workflows]
        return self.services.feed.head, *(work.taken for work in works)


@asynccontextmanager
async def open_node(
    catalog: Catalog,
    triggers: Collection[ActionTrigger[Any]],
    resources: Sequence[tuple[type[Any], OpenResource]],
    *,
    journal: Journal,
    database: Database,
    broker: Broker,
    clock: Clock,
    settings: Settings,
    host: Host | None = None,
    key_service: KeyService | None = None,
) -> AsyncGenerator[Node]:
    """Starts a node on stores that are open already, and stops it so that nothing is lost.

    With a `host`, entities live there, and this process runs views and actions. An application with personal
    data needs a key service.
    """
    instruments = open_instruments()
    if instruments.has_listeners:
        journal = ReportedJournal(journal, instruments)
        database = reported_database(database, instruments)
    keyring = await open_keyring(catalog, journal, key_service, clock, host)
    if keyring is not None:
        journal = SealedJournal(journal, keyring, catalog.kinds)
        database = sealed_database(database, keyring, catalog.views.values())
    if settings.is_development:
        pure.enforce()
    contain_tasks(asyncio.get_running_loop())
    async with AsyncExitStack() as stack:
        opened = {
            kind: await stack.enter_async_context(OpenedResource(kind, open_resource))
            for kind, open_resource in resources
        }
        supervisor = Supervisor()
        node = await _assemble(
            catalog,
            triggers,
            opened,
            supervisor,
            journal=journal,
            database=database,
            broker=broker,
            clock=clock,
            settings=settings,
            host=host,
            keyring=keyring,
            instruments=instruments,
        )
        try:
            await _start(node, triggers)
            yield node
        finally:
            await asyncio.shield(asyncio.create_task(_stop(node)))


async def _assemble(
    catalog: Catalog,
    triggers: Collection[ActionTrigger[Any]],
    resources: dict[type[Any], Any],
    supervisor: Supervisor,
    *,
    journal: Journal,
    database: Database,
    broker: Broker,
    clock: Clock,
    settings: Settings,
    host: Host | None,
    keyring: Keyring | None,
    instruments: Instruments,
) -> Node:
    directory = Directory(journal, catalog.kinds, clock, settings.residence, instruments)
    feed = await _feed(journal, directory, catalog)
    committer = _committer(journal, directory, feed, clock, settings.most_staged, instruments)
    identity = await journal.identity()
    claims = _claims(journal, identity, catalog)
    keep_states(journal, catalog.kinds.values())
    node: Node

    def lose(name: str) -> None:
        node.lose(name)

    views = _views(catalog, database, feed, clock, supervisor, lose, instruments)
    services = Services(
        identity=identity,
        catalog=catalog,
        clock=clock,
        journal=journal,
        database=database,
        broker=broker,
        entities=_calls(host, journal, directory, committer, feed, clock, instruments, claims),
        requests=Requests(journal, committer, clock),
        directory=directory,
        committer=committer,
        feed=feed,
        views=views,
        timers=HostedTimers(host, database) if host else Timers(database),
        signals=Signals(),
        resources=resources,
        queues=readers(triggers),
        readiness=_readiness(
            journal, database, broker, feed, views, supervisor, clock, instruments, settings
        ),
        outgoing=Outgoing(),
        instruments=instruments,
        workflows=WorkflowCalls(catalog.workflows, database, settings.stand_ins),
        claims=claims,
        host=host,
        reruns=Reruns() if settings.is_development else None,
    )
    if keyring is not None:
        services = with_people(services, keyring, lambda: _is_first(node))
    node = Node(services, supervisor)
    return node


def _readiness(
    journal: Journal,
    database: Database,
    broker: Broker,
    feed: Feed,
    views: Views,
    supervisor: Supervisor,
    clock: Clock,
    instruments: Instruments,
    settings: Settings,
) -> Readiness:
    lags = Lags(journal, database, broker, feed, views, clock)
    checks = PartChecks(journal, database, feed, views, supervisor, clock, instruments, lags, settings.limits)
    return Readiness(checks, database, views, lags, clock)


async def _feed(journal: Journal, directory: Directory, catalog: Catalog) -> Feed:
    """Returns the feed, which tells the directory what other processes erase."""
    feed = Feed(journal, await journal.head(), catalog.events)
    if journal.is_shared:
        feed.on_erasure = directory.forget_erased
    return feed


def _claims(journal: Journal, identity: str, catalog: Catalog) -> Claims:
    claims = Claims.of(journal, identity)
    claims.check_declared(catalog.kinds.values())
    return claims


def _is_first(node: Node) -> bool:
    return node.coordinator is not None and node.coordinator.is_first


def _views(
    catalog: Catalog,
    database: Database,
    feed: Feed,
    clock: Clock,
    supervisor: Supervisor,
    lose: Callable[[str], None],
    instruments: Instruments,
) -> Views:
    return Views(
        catalog.views,
        database,
        feed,
        clock,
        supervisor,
        lose,
        instruments,
        catalog.query_timeout,
        catalog.query_max_bytes,
    )


def _committer(
    journal: Journal,
    directory: Directory,
    feed: Feed,
    clock: Clock,
    most_staged: int,
    instruments: Instruments,
) -> Committer:
    """Returns the committer, which drops actors from the directory and publishes to the feed."""
    return Committer(
        journal,
        clock,
        drop=directory.drop,
        publish=feed.publish,
        most_staged=most_staged,
        instruments=instruments,
    )


def _calls(
    host: Host | None,
    journal: Journal,
    directory: Directory,
    committer: Committer,
    feed: Feed,
    clock: Clock,
    instruments: Instruments,
    claims: Claims,
) -> EntityCalls:
    """Returns what commands and queries are sent to, reported where somebody listens."""
    calls: EntityCalls = (
        HostedEntities(host, journal, feed, clock)
        if host
        else CommandDispatcher(journal, directory, committer, clock, claims)
    )
    is_reported = instruments.has_listeners or tracing.is_on
    return ReportedCalls(calls, instruments) if is_reported else calls


async def _start(node: Node, triggers: Collection[ActionTrigger[Any]]) -> None:
    services, supervisor = node.services, node.supervisor
    supervisor.start("committer", services.committer.run)
    supervisor.start("directory", services.directory.run)
    if services.journal.is_shared:
        supervisor.start("feed", services.feed.follow)
    await services.views.prepare()
    if services.people is not None:
        await services.people.forgetter.begin()
    left = await look_for_left(services.catalog, services.journal, services.database, services.broker)
    node.actions = await actions_of(services, triggers, supervisor, node.lose, node.heartbeat)
    node.workflows = workflows_of(services, supervisor, node.lose, node.heartbeat)
    works = [*services.views.works.values(), *node.assignments]
    coordinator = node.coordinator = Coordinator(services.database, works, node.heartbeat, services.cluster)
    await coordinator.start()
    supervisor.start("erasures", lambda: finish_erasures(services))
    supervisor.start("coordinator", coordinator.run)
    if services.people is not None:
        supervisor.start("forgettings", services.people.forgetter.run)
    if (retention := services.catalog.key_retention) is not None:
        forgetting = KeyRetention(
            services.journal, services.database, services.clock, retention, lambda: coordinator.is_first
        )
        supervisor.start("keys", forgetting.run)
    removal = WorkflowRetention(
        services.catalog.workflows.values(), services.database, services.clock, lambda: coordinator.is_first
    )
    if removal.spans:
        supervisor.start("ended workflows", removal.run)
    _start_readiness(node)
    warn_of_left(services.catalog, triggers, left)
    supervisor.start("names of events", lambda: warn_of_events_left(services.catalog, services.journal))
    log.info("started at position %d", services.feed.head)


def _start_readiness(node: Node) -> None:
    services, readiness = node.services, node.services.readiness
    readiness.checks.actions, readiness.checks.workflows = node.actions, services.catalog.workflows
    readiness.lags.actions, readiness.lags.workflows = node.actions, node.workflows
    readiness.has_key_service = services.people is not None
    node.supervisor.start("readiness", readiness.run)
    if services.instruments.has_listeners:
        sampler = Sampler(services, services.instruments)
        readiness.on_check = sampler.report
        node.supervisor.start("lags", sampler.measure_lags)
        node.supervisor.start("counts", sampler.count_stored)
        node.supervisor.start("loop", sampler.watch_loop)


async def _stop(node: Node) -> None:
    """Stops what makes new commands first, then writes out what is decided, then what follows from it."""
    services, supervisor, coordinator = node.services, node.supervisor, node.coordinator
    if node.has_crashed:
        await _abort(node)
        return
    if coordinator is not None:
        await coordinator.retire(node.assignments)
    try:
        async with asyncio.timeout(30):
            await services.committer.drained()
        await services.directory.save_snapshots()
    except Exception as error:  # noqa: BLE001 (the rest must still be stopped)
        log.error("not everything could be written before the end: %s", error_text(error))
    services.committer.close()
    if coordinator is not None:
        await coordinator.retire(list(services.views.works.values()))
    await supervisor.stop_all()
    if coordinator is not None:
        await coordinator.leave()
    if services.people is not None:
        services.people.keyring.close()
    log.info("stopped")


async def _abort(node: Node) -> None:
    """Stops a node that can reach its stores no more: nothing is written, and nobody is told."""
    services = node.services
    services.committer.close()
    for worker in node.workers:
        worker.abort()
    # First: actions that wait for their commands to be written would be waited for.
    await node.supervisor.stop("committer")
    await node.supervisor.stop_all()
    if services.people is not None:
        services.people.keyring.close()
