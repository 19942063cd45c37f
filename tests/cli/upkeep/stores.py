"""What a SQLite store holds, compared in tests of backups."""

import hashlib
import sqlite3
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from tests.cli.commands import PATIENCE

EVENTS = """SELECT e.position, s.kind, s.id, e.version, e.type, e.payload, e.metadata, e.time
    FROM actum_events e JOIN actum_streams s USING (stream) WHERE e.position <= ? ORDER BY e.position"""


def last_position(file: Path) -> int:
    """The position of the newest event."""
    with closing(sqlite3.connect(file)) as connection:
        found: int = connection.execute("SELECT coalesce(max(position), 0) FROM actum_events").fetchone()[0]
        return found


def digest_of_events(file: Path, up_to: int) -> str:
    """A digest of all events up to a position, with everything that is stored of them."""
    found = hashlib.sha256()
    with closing(sqlite3.connect(file)) as connection:
        for row in connection.execute(EVENTS, (up_to,)):
            found.update(repr(row).encode())
    return found.hexdigest()


def paid(file: Path) -> int:
    """What the events say that was paid."""
    with closing(sqlite3.connect(file)) as connection:
        statement = "SELECT coalesce(sum(payload ->> 'amount'), 0) FROM actum_events WHERE type = 'Paid'"
        found: int = connection.execute(statement).fetchone()[0]
        return found


def sales(file: Path) -> tuple[dict[str, int], dict[str, int]]:
    """The rows of the view `sales`, and the fold of the events up to its checkpoint, which they should be."""
    with closing(sqlite3.connect(file)) as connection:
        [(generation, checkpoint)] = connection.execute(
            "SELECT generation, checkpoint FROM actum_views WHERE name = 'sales'"
        )
        [table] = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name.startswith("sales") and name.endswith(str(generation))
        ]
        rows = dict(connection.execute(f'SELECT id, amount FROM "{table}"').fetchall())
        folded = dict(
            connection.execute(
                """SELECT s.id, sum(payload ->> 'amount')
                FROM actum_events e JOIN actum_streams s USING (stream)
                WHERE e.position <= ? AND type = 'Paid' GROUP BY 1""",
                (checkpoint,),
            ).fetchall()
        )
    return rows, folded


class Payments:
    """What clients have paid, while they go on paying."""

    def __init__(self) -> None:
        self._paid = 0
        self._changed = threading.Condition()

    def acknowledge(self) -> None:
        """Counts a payment whose answer came."""
        with self._changed:
            self._paid += 1
            self._changed.notify_all()

    def count(self) -> int:
        """How many were acknowledged."""
        with self._changed:
            return self._paid

    def wait_for(self, further: int) -> int:
        """Returns when so many further payments were acknowledged; gives how many were in all."""
        with self._changed:
            until = self._paid + further
            assert self._changed.wait_for(lambda: self._paid >= until, PATIENCE)
            return self._paid


@contextmanager
def under_load(url: str, threads: int = 3) -> Generator[Payments]:
    """Has clients pay for orders for as long as the block runs."""
    is_over = threading.Event()
    payments = Payments()

    def pay(number: int) -> None:
        with httpx.Client(base_url=url, timeout=PATIENCE) as http:
            while not is_over.is_set():
                order = f"o-{number}-{payments.count() % 20}"
                http.post(f"/orders/{order}", json={"amount": 1}).raise_for_status()
                payments.acknowledge()

    clients = [threading.Thread(target=pay, args=(number,)) for number in range(threads)]
    for client in clients:
        client.start()
    try:
        yield payments
    finally:
        is_over.set()
        for client in clients:
            client.join()


def garbled(store: bytes) -> bytes:
    """Gives a file in which SQLite cannot read an index, whose name is no text any more."""
    index = b"actum_streams_first"
    assert b"CREATE INDEX " + index in store
    found = store.replace(b"index" + index, b"index" + index.replace(b"a", b"\xe5"))
    return found.replace(b"CREATE INDEX " + index, b"CREATE INDFX " + index)
