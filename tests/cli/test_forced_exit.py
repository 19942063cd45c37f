"""A server that was told to stop ends, whatever an action or a request still does, and says what that was."""

import signal
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from actum.cli.server import forced_exit
from tests.cli.commands import Process

PROGRAM = """
import asyncio, contextlib, threading
from actum import Actions, App, Context, Entity, Event, command
from actum.cli.server import forced_exit
from actum.cli.server import serving
from actum.runtime.actions import worker

forced_exit.LAST = serving.GRACE = 1
worker.GRACE = worker.LAST_GRACE = 0.1

class Did(Event):
    what: str

class Thing(Entity, emits=[Did]):
    @command
    def do(self, what: str) -> None:
        self.emit(Did(what))

actions = Actions()

async def never_end() -> None:
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

def block() -> None:
    print("begun", flush=True)
    threading.Event().wait()

@actions.post("/do")
async def do(ctx: Context, what: str) -> None:
    await ctx.entity(Thing, "a").do(what)

@actions.on(Did)
async def act(ctx: Context, event: Did) -> None:
    if event.what == "swallow":
        print("begun", flush=True)
        await never_end()
    if event.what == "block a thread":
        await asyncio.to_thread(block)
    if event.what == "exit":
        raise SystemExit("usage: wrong arguments")

app = App("ending", entities=[Thing], actions=[actions])
"""

Started = Callable[[], Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Started]:
    (tmp_path / "ending_app.py").write_text(PROGRAM)
    started: list[Process] = []

    def begin() -> Process:
        started.append(Process(tmp_path, "run", "ending_app:app", "--port", "0"))
        return started[-1]

    yield begin
    for process in started:
        process.kill()


def do(process: Process, what: str) -> None:
    place = urlsplit(process.url)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=60)
    connection.request("POST", f"/do?what={what.replace(' ', '+')}")
    assert connection.getresponse().status == 201
    connection.close()


def test_an_action_that_swallows_its_cancellation_does_not_keep_the_server(start: Started) -> None:
    """It is named in the log; everything else is written and closed as ever."""
    server = start()
    do(server, "swallow")
    server.out.wait_for("begun")

    assert server.stop() == 0
    assert any("action act did not stop over Thing/a at 1" in line for line in server.err.rest())


def test_an_action_that_blocks_a_thread_does_not_keep_the_server(start: Started) -> None:
    """The process is ended by force once everything is written, and says where the thread is."""
    server = start()
    do(server, "block a thread")
    server.out.wait_for("begun")

    assert server.stop() == forced_exit.FAILED
    (said,) = (line for line in server.err.rest() if "is stopped by force" in line)
    assert "in block (" in said


def test_an_action_that_exits_ends_no_server(start: Started) -> None:
    """Neither this one nor the next that starts on the same store."""
    server = start()
    do(server, "exit")
    server.err.wait_for("SystemExit: usage: wrong arguments")
    do_again = server.stop(signal.SIGINT)
    again = start()
    do(again, "fine")

    assert (do_again, again.stop()) == (0, 0)
