"""Which broker carries an application's queues. The only file that names brokers."""

from actum.brokers.embedded import EmbeddedBroker
from actum.ports.broker import Broker
from actum.ports.database import Database


def broker_on(database: Database) -> Broker:
    """Gives the broker of an application that keeps its progress in this database."""
    return EmbeddedBroker(database)
