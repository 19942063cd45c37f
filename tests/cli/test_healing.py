"""A poison event from its first failure to its healing, through `actum` alone, as an operator lives it."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.commands import PATIENCE, CommandLine, Process

Start = Callable[..., Process]
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a command wait for the application for as long as the test does."""
    monkeypatch.setattr("actum.cli.subcommands.work.letters.PATIENCE", timedelta(seconds=PATIENCE))


def pay(url: str, id: str, amount: int) -> None:
    assert httpx.post(f"{url}/orders/{id}", json={"amount": amount}, timeout=30).status_code == 201


def labelled(actum: CommandLine, id: str, count: int) -> None:
    """Returns when an order has so many labels."""
    wanted = ("--id", id, "--type", "order.labelled", "--limit", str(count))
    assert actum("events", "shop", "--after", "0", "--follow", *wanted).code == 0


def poisoned(shop: Path, start: Start, actum: CommandLine) -> Process:
    """Gives a running shop whose printer jammed on one order until its letter was dead, and one waits."""
    (shop / "jammed").touch()
    server = start("run", "shop", "--port", "0")
    url = server.url
    pay(url, "torn", 3)
    pay(url, "whole", 4)
    pay(url, "torn", 5)
    server.err.wait_for("gave up on Order/torn")
    wait_for_letters(actum, 2)
    return server


def letters(actum: CommandLine) -> list[dict[str, Any]]:
    return actum("dead-letters", "list", "shop", "--json").lines


def wait_for_letters(actum: CommandLine, count: int) -> None:
    """Returns when there are so many letters: they come and go behind what the actions did."""
    until = time.monotonic() + PATIENCE
    while len(found := letters(actum)) != count:
        assert time.monotonic() < until, found


def test_a_dead_letter_heals_while_the_application_runs(shop: Path, start: Start, actum: CommandLine) -> None:
    server = poisoned(shop, start, actum)
    labelled(actum, "whole", 1)
    dead, waiting = letters(actum)

    too_early = actum("dead-letters", "retry", "shop", str(dead["id"]))
    server.err.wait_for("gave up on Order/torn")  # It tries once more by itself.
    (shop / "jammed").unlink()
    healed = actum("dead-letters", "retry", "shop", str(dead["id"]))
    labelled(actum, "torn", 2)
    wait_for_letters(actum, 0)

    assert (dead["key"], dead["status"], dead["attempts"]) == ("Order/torn", "dead", 2)
    assert (waiting["key"], waiting["status"]) == ("Order/torn", "waiting")
    assert (too_early.code, healed.code) == (1, 0)
    assert too_early.out == "letter 1: failed again (RuntimeError: the printer is jammed)\n"
    assert healed.out == "letter 1: done\n"
    assert server.stop() == 0
    assert letters(actum) == []
    assert actum("entity", "shop", "Order", "torn", "--json").lines[0]["state"] == {"paid": 8, "labels": 2}


def test_a_dead_letter_that_is_retried_while_nothing_runs_heals_at_the_next_start(
    shop: Path, start: Start, actum: CommandLine
) -> None:
    assert poisoned(shop, start, actum).stop() == 0

    kept = actum("dead-letters", "retry", "shop", "--all")
    (shop / "jammed").unlink()
    server = start("run", "shop", "--port", "0")
    labelled(actum, "torn", 2)
    wait_for_letters(actum, 0)

    assert kept.out == "letter 1: requested; the application does it when it starts (retry)\n"
    assert server.stop() == 0
    assert letters(actum) == []


def test_a_dead_letter_that_is_skipped_lets_what_waits_behind_it_go_on(
    shop: Path, start: Start, actum: CommandLine
) -> None:
    server = poisoned(shop, start, actum)

    skipped = actum("dead-letters", "skip", "shop", "1")
    server.err.wait_for("(letter 2)")
    (shop / "jammed").unlink()
    actum("dead-letters", "retry", "shop", "2")

    assert (skipped.code, skipped.out) == (0, "letter 1: skipped\n")
    assert server.stop() == 0
    assert letters(actum) == []
    assert actum("entity", "shop", "Order", "torn", "--json").lines[0]["state"] == {"paid": 8, "labels": 1}
