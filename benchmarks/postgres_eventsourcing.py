"""The same job with the eventsourcing library on PostgreSQL: by one thread, and by sixteen."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from eventsourcing.application import Application

from benchmarks.bank import AMOUNT
from benchmarks.eventsourcing_library import Account
from benchmarks.measure import Sample
from benchmarks.postgres_server import Server


def depositing(server: Server, schema: str, count: int, entities: int, *, threads: int) -> Sample:
    """Measures commands a second, with each aggregate in the library's cache, each thread on its own part."""
    bank = Application[UUID](
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": "postgres",
            "POSTGRES_HOST": server.folder,
            "POSTGRES_PORT": "5432",
            "POSTGRES_USER": "postgres",
            "POSTGRES_PASSWORD": "",
            "POSTGRES_SCHEMA": schema,
            "POSTGRES_POOL_SIZE": str(threads),
            "AGGREGATE_CACHE_MAXSIZE": str(entities),
            "AGGREGATE_CACHE_FASTFORWARD": "n",
        }
    )
    accounts = [Account() for _ in range(entities)]
    bank.save(*accounts)
    parts = [[account.id for account in accounts[start::threads]] for start in range(threads)]

    def deposit(ids: list[UUID]) -> None:
        draw = random.Random(count)
        for _ in range(count // threads):
            account: Account = bank.repository.get(draw.choice(ids))
            account.deposit(AMOUNT)
            bank.save(account)

    with ThreadPoolExecutor(threads) as pool:
        began = time.perf_counter()
        list(pool.map(deposit, parts))
        elapsed = time.perf_counter() - began
    bank.close()
    return Sample(count // threads * threads / elapsed)
