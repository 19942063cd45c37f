"""An upgrade, its rollback and the upgrade again, as processes that are killed in the middle of work."""

import importlib
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from actum.operations.evolution.declared import lock_of
from actum.operations.evolution.judgement import judge
from tests.cli.commands import PATIENCE, Process
from tests.servers.stores import store_of

pytestmark = pytest.mark.slow

RELEASES = Path(__file__).parent / "releases"
ORDERS = 6
"""How many orders each release takes, before it is ended."""


class Shop:
    """The shop, of which one release at a time runs on one store."""

    def __init__(self, folder: Path, store: str) -> None:
        self.placed: list[str] = []
        self._folder = folder
        self._store = store
        self._process: Process | None = None
        self._url = ""
        for module in RELEASES.glob("*.py"):
            (folder / module.name).write_text(module.read_text())

    def start(self, release: str) -> None:
        self._process = Process(self._folder, "run", release, "--port", "0", "--store", self._store)
        self._url = self._process.url

    def end(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.stop(number)
        self._process.kill()

    def place(self, id: str) -> None:
        """Places an order, as a client does that tries again."""
        self.placed.append(id)
        assert self._post(f"/orders/{id}") == 201

    def approve(self, id: str) -> None:
        until(lambda: self._post(f"/approvals/{id}") == 201)

    def get(self, path: str) -> Any:
        answer = httpx.get(f"{self._url}{path}", timeout=30)
        return answer.json() if answer.status_code == 200 else None

    def stands_still(self) -> list[str]:
        """What stands still, by name."""
        found = httpx.get(f"{self._url}/-/ready", timeout=30).json()["parts"]
        return [
            f"{one['name']} {one.get('key', '')}: {one['state']}" for one in found if one["state"] != "ok"
        ]

    def command(self, *arguments: str) -> list[Any]:
        """Runs a command line beside the application, and gives the lines of JSON that it printed."""
        process = Process(self._folder, *arguments, "--store", self._store)
        assert process.end() == 0
        lines = [msgspec.json.decode(line) for line in process.out.rest() if line.startswith("{")]
        process.kill()
        return lines

    def effects(self) -> Counter[str]:
        """What happened outside: each effect on each order, with the number of its keys."""
        names = [path.name.rpartition(" ")[0] for path in (self._folder / "outside").glob("*")]
        return Counter(names)

    def _post(self, path: str) -> int:
        return httpx.post(f"{self._url}{path}", timeout=30).status_code


def until(is_so: Callable[[], bool], shown: Callable[[], Any] = str) -> None:
    """Returns once something is so."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, shown()
        time.sleep(0.05)


@pytest.fixture(params=["sqlite", "postgres"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path, store_of(request, tmp_path))
    yield made
    if made._process is not None:
        made._process.kill()


def test_nothing_is_lost_and_nothing_done_twice_over_upgrade_rollback_and_upgrade(shop: Shop) -> None:
    (shop._folder / "broken").touch()
    turns = [
        ("release_1", signal.SIGKILL),
        ("release_2", signal.SIGKILL),
        ("release_1", signal.SIGTERM),
        ("release_2", signal.SIGTERM),
        ("release_1", signal.SIGKILL),
    ]
    for turn, (release, end) in enumerate(turns):
        shop.start(release)
        for number in range(ORDERS):
            shop.place(f"{turn}-{number}{'-jam' if number == 0 else ''}")
        if turn:
            shop.approve(f"{turn}-1")
        if turn in (2, 4):
            until(lambda: any("Order/1-" in one for one in shop.stands_still()), shop.stands_still)
        shop.end(end)

    shop.start("release_2")
    jammed = {f"Order/{id}" for id in shop.placed if id.endswith("jam")}

    def dead() -> set[str]:
        found = shop.command("dead-letters", "list", "release_2", "--json")
        return {letter["key"] for letter in found if letter["status"] == "dead"}

    until(lambda: dead() == jammed, dead)
    (shop._folder / "broken").unlink()
    shop.command("dead-letters", "retry", "release_2", "--all")
    for id in shop.placed:
        shop.approve(id)

    of_2 = [id for id in shop.placed if id[0] in "13"]
    expected = Counter(
        f"{effect} {id}" for id in shop.placed for effect in ("confirmed", "charged", "shipped")
    )
    expected += Counter(f"escalated {id}" for id in of_2)
    until(lambda: not expected - shop.effects(), lambda: expected - shop.effects())
    until(lambda: all(shop.get(f"/reminders/{id}") == 1 for id in shop.placed))
    until(lambda: shop.get("/orders") == sorted(shop.placed), lambda: shop.get("/orders"))
    until(lambda: not shop.stands_still(), shop.stands_still)
    assert not dead()
    assert {key: count for key, count in shop.effects().items() if count != 1} == {}
    shop.end(signal.SIGTERM)


def test_the_check_says_of_these_releases_that_only_a_rollback_has_to_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(RELEASES)
    before, after = (lock_of(importlib.import_module(name).app) for name in ("release_1", "release_2"))

    changes = judge(before, after)

    assert {change.verdict for change in changes} == {"rollback", "compatible", "addition"}
    assert {change.where for change in changes if change.verdict == "rollback"} == {
        "event Placed",
        "event Escalated",
    }
