"""The same job with the eventsourcing library: each command loads an aggregate, calls it, and saves it."""

import random
import time
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from benchmarks.bank import AMOUNT
from benchmarks.measure import Sample, of_latencies
from benchmarks.place import Place


class Account(Aggregate):
    def __init__(self) -> None:
        self.balance = 0

    @event("Deposited")
    def deposit(self, amount: int) -> None:
        self.balance += amount


def depositing(place: Place, count: int, entities: int) -> Sample:
    """Measures commands a second of one caller, with every aggregate in the library's cache.

    The library opens SQLite in WAL mode and leaves `synchronous` at SQLite's default, FULL.
    """
    file = place.file()
    bank = Application[UUID](
        env={
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": str(file),
            "AGGREGATE_CACHE_MAXSIZE": str(entities),
            "AGGREGATE_CACHE_FASTFORWARD": "n",
        }
    )
    accounts = [Account() for _ in range(entities)]
    bank.save(*accounts)
    ids = [account.id for account in accounts]
    draw = random.Random(count)
    latencies = []
    began = time.perf_counter()
    for id in [draw.choice(ids) for _ in range(count)]:
        at = time.perf_counter()
        account: Account = bank.repository.get(id)
        account.deposit(AMOUNT)
        bank.save(account)
        latencies.append(time.perf_counter() - at)
    elapsed = time.perf_counter() - began
    bank.close()
    place.clear(file)
    return of_latencies(latencies, elapsed)
