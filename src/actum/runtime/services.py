"""The parts of a running application, passed to whatever needs them."""

from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakMethod

from msgspec import Struct, field

from actum.model.entity import EntityType
from actum.model.people.message_type import MessageType
from actum.ports.broker import Broker
from actum.ports.database import Database
from actum.ports.host import Host
from actum.ports.journal import Journal
from actum.runtime.catalog import Catalog
from actum.runtime.clock import Clock
from actum.runtime.cluster.latest_state import LatestState
from actum.runtime.context.outgoing import Outgoing
from actum.runtime.context.reruns import Reruns
from actum.runtime.context.timers import Timers
from actum.runtime.entities.claims import Claims
from actum.runtime.entities.committer import Committer
from actum.runtime.entities.directory import Directory
from actum.runtime.entities.hosted import EntityCalls
from actum.runtime.feed import Feed
from actum.runtime.instruments.instruments import Instruments
from actum.runtime.keys.requests import Requests
from actum.runtime.people.people import People
from actum.runtime.readiness import Readiness
from actum.runtime.views.reading import Views
from actum.runtime.workflows.calls import WorkflowCalls


class Signals:
    """Notifications between parts of one process: a queue has a new message, a timer was set."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[WeakMethod[Callable[[], object]]]] = {}

    def listen(self, topic: str, listener: Callable[[], object]) -> None:
        """Calls `listener`, a method, for each notification on a topic, for as long as its object lives."""
        living = [one for one in self._listeners.get(topic, ()) if one() is not None]
        self._listeners[topic] = [*living, WeakMethod(listener)]

    def send(self, topic: str) -> None:
        """Notifies the listeners of a topic."""
        for listener in self._listeners.get(topic, ()):
            call = listener()
            if call is not None:
                call()


class Services(Struct, frozen=True):
    """The parts of a running application.

    `identity` is that of the journal, which no other has. `queues` holds the decoder of the messages of each
    queue, by name. `host` is where entities live, if not in this process. `reruns` compares work that comes
    again, in development. `people` seals personal data, if the application has any. `cluster` has the
    processes that run on the store.
    """

    identity: str
    catalog: Catalog
    clock: Clock
    journal: Journal
    database: Database
    broker: Broker
    entities: EntityCalls
    directory: Directory
    committer: Committer
    feed: Feed
    views: Views
    timers: Timers
    requests: Requests
    signals: Signals
    resources: dict[type[Any], Any]
    queues: Mapping[str, MessageType]
    readiness: Readiness
    outgoing: Outgoing
    instruments: Instruments
    workflows: WorkflowCalls
    claims: Claims
    host: Host | None = None
    reruns: Reruns | None = None
    people: People | None = None
    cluster: LatestState = field(default_factory=LatestState)

    @property
    def failure(self) -> str | None:
        """Why nothing can be written until the store is opened again, or None."""
        return self.journal.failure

    @property
    def kinds(self) -> Mapping[str, EntityType]:
        """The entity types, by name."""
        return self.catalog.kinds
