"""The pages of the console on a store of 1,000,000 events, one visitor after the other.

The file is filled once by commands of the application itself. "a change until it shows" is from a command's
answer until the page of the view has it, asked for as the page itself asks.
"""

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from urllib.parse import quote

from benchmarks.bank import AMOUNT, account_id
from benchmarks.growth_sizes import Size, fill
from benchmarks.http import server
from benchmarks.measure import Contestant, Effort, Sample, of_latencies
from benchmarks.place import Place
from benchmarks.results import Group

SIZE = Size(100_000, 2, 5)
VISITS = 20
PATIENCE = 60
REFRESH = 0.5
"""Seconds after which an open page asks again."""
KEY = account_id(7)
PAGES = {
    "map": "map",
    "views": "views",
    "a view, its first rows": "views/balances",
    "a view, filtered": "views/balances?column=balance&operator=at+least&value=1",
    "a view, one row": f"views/balances?column=id&operator=is&value={KEY}",
    "SQL that counts all rows": f"views/-/sql?sql={quote('SELECT count(*) FROM balances')}",
    "live": "live",
    "events from the middle": "live?after=500000",
    "entities": "entities?kind=Account",
    "an entity": f"entities/one?kind=Account&id={KEY}",
    "traces": "trace",
    "work": "work",
    "letters": "work/letters",
    "workflows": "work/workflows",
    "audit log": "work/audit",
    "store": "store",
}
CHANGE = "a change until it shows"


@contextmanager
def contestants(place: Place, effort: Effort) -> Iterator[dict[str, Contestant]]:
    """Returns what is measured: each page, and how long a change takes to show on one."""
    size = Size(effort.of(SIZE.entities), SIZE.rounds, SIZE.a_command)
    file, _ = fill(place, size)
    command = ["-m", "actum", "run", "benchmarks.bank:watched", "--development", "--port", "0"]
    with server([*command, "--store", f"sqlite:///{file}"]) as port:
        found: dict[str, Contestant] = {
            f"{name}: {size}": _visiting(port, page, effort) for name, page in PAGES.items()
        }
        yield found | {f"{CHANGE}: {size}": _changing(port, effort)}
    place.clear(file)


def _visiting(port: int, page: str, effort: Effort) -> Contestant:
    def measure() -> Sample:
        seconds = [_visit(port, page)[0] for _ in range(effort.of(VISITS))]
        return of_latencies(seconds, sum(seconds))

    return measure


def _changing(port: int, effort: Effort) -> Contestant:
    numbers = count(1)

    def measure() -> Sample:
        seconds = [_until_it_shows(port, f"new-{next(numbers)}") for _ in range(effort.of(VISITS))]
        return of_latencies(seconds, sum(seconds))

    return measure


def _until_it_shows(port: int, id: str) -> float:
    page = f"views/balances?column=id&operator=is&value={id}"
    _visit(port, page)
    connection = http.client.HTTPConnection("localhost", port, timeout=PATIENCE)
    body = f'{{"amount":{AMOUNT}}}'
    connection.request("POST", f"/accounts/{id}", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status < 300, answer.status
    began = time.perf_counter()
    # At worst the page has asked at the very moment before.
    time.sleep(REFRESH)
    while f">{id}<".encode() not in _visit(port, page)[1]:
        assert time.perf_counter() - began < PATIENCE
        time.sleep(REFRESH)
    return time.perf_counter() - began


def _visit(port: int, page: str) -> tuple[float, bytes]:
    """Loads a page, and gives the seconds that took, and the page."""
    connection = http.client.HTTPConnection("localhost", port, timeout=PATIENCE)
    began = time.perf_counter()
    connection.request("GET", f"/-/console/{page}", headers={"Actum-Refresh": "1"})
    answer = connection.getresponse()
    text = answer.read()
    seconds = time.perf_counter() - began
    connection.close()
    assert answer.status == 200, f"{page}: {answer.status}"
    return seconds, text


GROUP = Group("The console", "pages a second", contestants, {})
