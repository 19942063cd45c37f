"""Several processes on one PostgreSQL, from the command line: workers, commands, and what looks on."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.cli.commands import PATIENCE, CommandLine, Process

Start = Callable[..., Process]


def ask(store: str, statement: str) -> list[tuple[object, ...]]:
    async def fetch() -> list[tuple[object, ...]]:
        connection = await asyncpg.connect(store)
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return asyncio.run(fetch())


def pay(url: str, id: str, amount: int) -> int:
    answer = httpx.post(f"{url}/orders/{id}", json={"amount": amount}, timeout=PATIENCE)
    assert answer.status_code == 201, answer.text
    return int(answer.json())


def workers_of(server: Process) -> list[int]:
    """The processes that serve under a command."""
    children = Path(f"/proc/{server._process.pid}/task/{server._process.pid}/children")
    if not children.exists():
        pytest.skip("this system does not list the children of a process")
    found = [int(pid) for pid in children.read_text().split()]
    return [pid for pid in found if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.mark.slow
def test_workers_and_other_commands_serve_one_application(
    shop: Path, start: Start, actum: CommandLine, postgres_store: str
) -> None:
    """Four processes write to one order, share the work, and give it up when they stop in good order."""
    first = start("run", "shop", "--port", "0", "--store", postgres_store, "--workers", "2")
    second = start("run", "shop", "--port", "0", "--store", postgres_store, "--workers", "2")
    urls = [first.url, second.url]

    answers = [pay(urls[number % 2], "a", 1) for number in range(20)]
    listed = actum("views", "rebuild", "shop", "sales", "--store", postgres_store)
    until = time.monotonic() + PATIENCE
    # The one who built it anew need not have heard of all that others had written by then.
    while ask(postgres_store, "SELECT amount FROM sales") != [(20,)]:
        assert time.monotonic() < until, "The view did not get to the end."
    owners: list[Any] = []
    while len(owners) < 3 and time.monotonic() < until:  # One that moves has none.
        owners = ask(
            postgres_store,
            "SELECT owner FROM actum_work JOIN actum_processes ON owner = process AND process > 0",
        )
    codes = first.stop(), second.stop()

    assert answers == list(range(1, 21))
    assert listed.code == 0
    assert len(owners) >= 3
    assert codes == (0, 0)
    assert ask(postgres_store, "SELECT * FROM actum_processes WHERE process > 0") == []
    assert ask(postgres_store, "SELECT DISTINCT owner FROM actum_work WHERE owner IS DISTINCT FROM 0") == [
        (None,)
    ]
    assert ask(postgres_store, "SELECT amount FROM sales") == [(20,)]


@pytest.mark.slow
def test_a_worker_that_dies_is_started_again_and_the_others_go_on(
    shop: Path, start: Start, postgres_store: str
) -> None:
    """No payment that was answered is lost."""
    server = start("run", "shop", "--port", "0", "--store", postgres_store, "--workers", "2")
    url = server.url
    pay(url, "a", 3)

    os.kill(workers_of(server)[0], signal.SIGKILL)
    answers = []
    while len(answers) < 10:
        try:
            answers.append(pay(url, "a", 1))
        except httpx.TransportError:
            continue  # It was on its way to the one that died.

    until = time.monotonic() + PATIENCE
    while ask(postgres_store, "SELECT amount FROM sales") != [(answers[-1],)]:
        assert time.monotonic() < until, "The view did not move to a process that lives."

    assert answers == sorted(answers)
    assert server.stop() == 0


@pytest.mark.slow
def test_workers_do_not_outlive_a_command_that_is_killed(
    shop: Path, start: Start, postgres_store: str
) -> None:
    """They stop in good order, and leave the port and the membership to whoever starts next."""
    server = start("run", "shop", "--port", "0", "--store", postgres_store, "--workers", "2")
    pay(server.url, "a", 3)
    until = time.monotonic() + PATIENCE
    while len(workers := workers_of(server)) < 2:  # The first may answer before there is a second.
        assert time.monotonic() < until, "There is no second worker."

    server.tell(signal.SIGKILL)
    server.end()

    until = time.monotonic() + PATIENCE
    while [pid for pid in workers if Path(f"/proc/{pid}/cmdline").exists()]:
        assert time.monotonic() < until, "A worker goes on without the command that started it."
        time.sleep(0.01)
    assert len(workers) == 2
    assert ask(postgres_store, "SELECT * FROM actum_processes WHERE process > 0") == []


def test_a_file_is_for_one_process(shop: Path, actum: CommandLine) -> None:
    """Several workers on a file or in memory are refused in one line, before anything is made."""
    on_file = actum("run", "shop", "--port", "0", "--workers", "2")
    in_memory = actum("run", "shop", "--port", "0", "--workers", "2", "--store", "memory:")

    assert on_file.err.startswith("error: sqlite:///shop.db can be used by one process only: leave --workers")
    assert len(on_file.err.splitlines()) == 1
    assert (on_file.code, in_memory.code) == (1, 1)
    assert len(in_memory.err.splitlines()) == 1
    assert not list(shop.glob("*.db*"))


def test_a_view_is_built_anew_while_no_process_runs(
    shop: Path, start: Start, actum: CommandLine, postgres_store: str
) -> None:
    """The command does it by itself, and leaves nothing behind on the membership."""
    server = start("run", "shop", "--port", "0", "--store", postgres_store)
    pay(server.url, "a", 3)
    assert server.stop() == 0

    result = actum("views", "rebuild", "shop", "sales", "--store", postgres_store)

    assert (result.code, result.out) == (0, "")
    assert ask(postgres_store, "SELECT generation, is_live FROM actum_views") == [(2, True)]
    assert ask(postgres_store, "SELECT * FROM actum_processes WHERE process > 0") == []


def test_a_server_that_is_down_is_said_in_one_line(shop: Path, actum: CommandLine) -> None:
    """Not by a traceback, and not after minutes."""
    result = actum("run", "shop", "--port", "0", "--store", "postgresql://nobody@127.0.0.1:1/none")

    assert result.code == 1
    assert len(result.err.splitlines()) == 1
    assert "does not answer" in result.err
