"""An upgrade, its rollback and the upgrade again, as processes that are killed in the middle of work."""

import importlib
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from actum.operations.evolution.declared import lock_of
from actum.operations.evolution.judgement import judge
from tests.cli.commands import PATIENCE, Process
from tests.servers.stores import store_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

RELEASES = Path(__file__).parent / "releases"


class Shop:
    """The shop, of which one release at a time runs on one store."""

    def __init__(self, folder: Path, store: str) -> None:
        self.placed: list[str] = []
        self._approved: set[str] = set()
        self.folder = folder
        self._store = store
        self._process: Process | None = None
        self._client = httpx.Client(timeout=60)
        for module in RELEASES.glob("*.py"):
            (folder / module.name).write_text(module.read_text())

    def start(self, release: str) -> None:
        self._process = Process(self.folder, "run", release, "--port", "0", "--store", self._store)
        self._client.base_url = httpx.URL(self._process.url)

    def end(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.stop(number)
        self._process.kill()

    def close(self) -> None:
        self._client.close()
        if self._process is not None:
            self._process.kill()

    def place(self, id: str) -> None:
        """Places an order, as a client does that tries again."""
        self.placed.append(id)
        assert self._post(f"/orders/{id}") == 201

    def approve(self, id: str) -> None:
        if id not in self._approved:
            until(lambda: self._post(f"/approvals/{id}") == 201)
            self._approved.add(id)

    def get(self, path: str) -> Any:
        answer = self._client.get(path)
        return answer.json() if answer.status_code == 200 else None

    def stands_still(self) -> list[str]:
        """What stands still, by name."""
        found = self._client.get("/-/ready").json()["parts"]
        return [
            f"{one['name']} {one.get('key', '')}: {one['state']}" for one in found if one["state"] != "ok"
        ]

    def command(self, *arguments: str) -> None:
        """Runs a command line beside the application."""
        process = Process(self.folder, *arguments, "--store", self._store)
        assert process.end() == 0
        process.kill()

    def effects(self) -> Counter[str]:
        """What happened outside: each effect on each order, with the number of its keys."""
        names = [path.name.rpartition(" ")[0] for path in (self.folder / "outside").glob("*")]
        return Counter(names)

    def _post(self, path: str) -> int:
        return self._client.post(path).status_code


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
    made.close()


def test_nothing_is_lost_and_nothing_done_twice_over_upgrade_rollback_and_upgrade(shop: Shop) -> None:
    (shop.folder / "broken").touch()
    (shop.folder / "busy").touch()
    shop.start("release_1")
    for id in ("0-jam", "0-a", "0-b", "0-c"):
        shop.place(id)
    shop.end(signal.SIGKILL)

    shop.start("release_2")
    for id in ("1-jam", "1-a", "1-b", "1-held"):
        shop.place(id)
    shop.approve("0-a")
    shop.end(signal.SIGKILL)

    (shop.folder / "busy").unlink()
    shop.start("release_1")
    for id in ("2-jam", "2-a", "2-b"):
        shop.place(id)
    shop.approve("1-a")
    until(lambda: "confirm Order/1-held: dead letter" in shop.stands_still(), shop.stands_still)
    assert shop.get("/reminders/1-a") is None
    assert shop.get("/reminders/2-a") is not None
    shop.end(signal.SIGTERM)

    shop.start("release_2")
    jammed = {f"confirm Order/{id}: dead letter" for id in shop.placed if id.endswith("jam")}
    until(lambda: set(shop.stands_still()) == jammed, shop.stands_still)
    (shop.folder / "broken").unlink()
    shop.command("dead-letters", "retry", "release_2", "--all")
    for id in shop.placed:
        shop.approve(id)

    of_2 = [id for id in shop.placed if id[0] == "1"]
    expected = Counter(
        f"{effect} {id}" for id in shop.placed for effect in ("confirmed", "charged", "shipped")
    )
    expected += Counter(f"escalated {id}" for id in of_2)
    until(lambda: not expected - shop.effects(), lambda: expected - shop.effects())
    until(lambda: all(shop.get(f"/reminders/{id}") == 1 for id in shop.placed))
    until(lambda: shop.get("/orders") == sorted(shop.placed), lambda: shop.get("/orders"))
    until(lambda: not shop.stands_still(), shop.stands_still)
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
