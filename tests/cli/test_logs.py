"""How an application logs: text or JSON, which entries, and what an entry says of its cause."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from actum import Actions, App, Context, Entity, Event, Workflow, command
from actum.cli.logs import JsonFormatter, set_up_logs
from actum.cli.options import LogFormat, LogLevel
from actum.errors import Unavailable
from actum.runtime.instruments.running import running
from actum.testing import testing
from tests.cli.commands import PATIENCE, CommandLine, Process

Start = Callable[..., Process]
AS_JSON = JsonFormatter()
LOGGERS = ("", "actum", "uvicorn.access", "asyncio", "botocore", "aiobotocore", "httpcore", "urllib3")

log = logging.getLogger("tests.shop")


class Opened(Event):
    pass


class Door(Entity, emits=Opened):
    @command
    def open(self) -> None:
        log.warning("in the command")
        self.emit(Opened())


class Visit(Workflow):
    async def run(self, ctx: Context) -> None:
        log.warning("in the workflow")
        await self.step(knock)


async def knock() -> None:
    log.warning("in the step")


doors = Actions()


@doors.post("/doors/{id:str}")
async def open_door(ctx: Context, id: str) -> None:
    log.warning("in the request")
    await ctx.entity(Door, id).open()
    await ctx.queue("knocks").send(id)


@doors.on(Opened)
async def ring(ctx: Context) -> None:
    log.warning("in the action")
    await ctx.workflow(Visit, "v").start()


@doors.queue("knocks")
async def take(ctx: Context, id: str) -> None:
    log.warning("in the consumer")


app = App("doors", entities=[Door], actions=[doors], workflows=[Visit])


@pytest.fixture
def loggers() -> Iterator[None]:
    """Puts the loggers back that a test sets up."""
    root = logging.getLogger()
    kept = [(name, logging.getLogger(name).level) for name in LOGGERS]
    handlers = [*root.handlers]
    yield
    root.handlers = handlers
    running.is_wanted = False
    for name, level in kept:
        logging.getLogger(name).setLevel(level)


def set_up(*, level: LogLevel | None = None, format: LogFormat = LogFormat.TEXT) -> logging.Handler:
    """Sets the logs up as in a process where nobody else has."""
    root = logging.getLogger()
    root.handlers = []
    set_up_logs(is_development=False, level=level, format=format)
    [handler] = root.handlers
    return handler


def entry(
    message: str = "hello", /, *arguments: Any, error: BaseException | None = None, **given: Any
) -> Any:
    """Gives an entry as it is written."""
    info = None if error is None else (type(error), error, error.__traceback__)
    record = logging.LogRecord("shop", logging.ERROR, "shop.py", 1, message, arguments, info)
    record.__dict__.update(given)
    line = AS_JSON.format(record)
    assert "\n" not in line
    return json.loads(line)


def test_an_entry_says_when_how_bad_who_and_what() -> None:
    before = time.time()

    found = entry("%s of %d\nlines", "three", 3)

    assert found.keys() == {"time", "level", "logger", "message"}
    assert (found["level"], found["logger"], found["message"]) == ("error", "shop", "three of 3\nlines")
    assert found["time"].endswith("+00:00")
    assert found["time"][:10] == time.strftime("%Y-%m-%d", time.gmtime(before))


def test_an_error_of_code_has_its_traceback_and_one_that_an_operator_can_fix_has_none() -> None:
    try:
        raise ValueError("no\nsuch order")
    except ValueError as error:
        faulty = entry(error=error)

    fixable = entry(error=Unavailable("the database does not answer"))

    assert faulty["error"].startswith("ValueError: no")
    assert "test_logs.py" in faulty["traceback"]
    assert fixable["error"] == "the database does not answer"
    assert "traceback" not in fixable


class Unshown:
    def __str__(self) -> str:
        raise RuntimeError("not shown")

    __repr__ = __str__


def test_what_was_given_with_an_entry_is_in_it_whatever_it_is() -> None:
    found = entry(order="o-1", total=3.5, door=Path("/x"), odd={1: {2}}, bad=Unshown(), level="mine")

    assert (found["order"], found["total"], found["door"]) == ("o-1", 3.5, "/x")
    assert found["level"] == "error"
    assert "cannot be shown" in found["bad"]


@pytest.mark.parametrize("text", ["\udcff", "\0", "é", '"quoted"'])
def test_every_text_can_be_written(text: str) -> None:
    assert entry(text, given=text)["message"]


def test_a_message_that_does_not_fit_its_arguments_is_logged_even_so() -> None:
    assert "cannot be formatted" in entry("%d", "x")["message"]


async def test_what_follows_from_one_request_has_its_correlation_id(
    loggers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the handler, in commands, actions, consumers, workflows and their steps."""
    written: list[Any] = []
    handler = set_up(format=LogFormat.JSON)
    monkeypatch.setattr(handler, "emit", lambda record: written.append(json.loads(handler.format(record))))

    async with testing(app) as t:
        client = t.http
        await client.post("/doors/a", headers={"X-Correlation-ID": "visit-1"})
        await t.settle()
    log.warning("outside")

    places = {one["message"]: one.get("correlation_id") for one in written if one["logger"] == log.name}
    assert places == {
        "in the request": "visit-1",
        "in the command": "visit-1",
        "in the action": "visit-1",
        "in the consumer": "visit-1",
        "in the workflow": "visit-1",
        "in the step": "visit-1",
        "outside": None,
    }


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        (None, ["actum info", "shop warning"]),
        (LogLevel.INFO, ["actum info", "shop info", "shop warning"]),
        (LogLevel.DEBUG, ["actum debug", "actum info", "shop info", "shop warning"]),
        (LogLevel.ERROR, []),
    ],
)
def test_the_level_says_which_entries_are_logged(
    loggers: None, capsys: pytest.CaptureFixture[str], level: LogLevel | None, shown: list[str]
) -> None:
    set_up(level=level)

    logging.getLogger("actum.x").debug("actum debug")
    logging.getLogger("actum.x").info("actum info")
    logging.getLogger("shop").info("shop info")
    logging.getLogger("shop").warning("shop warning")
    logging.getLogger("botocore.x").debug("of use to nobody")

    assert [line.split(": ")[1] for line in capsys.readouterr().err.splitlines()] == shown


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_logs_json_and_each_commit_if_it_is_asked_to(
    shop: Path, start: Start, request: pytest.FixtureRequest, workers: str
) -> None:
    """In each of its processes."""
    store = ["--store", request.getfixturevalue("postgres_store")] if workers == "2" else []
    options = ["--log-format", "json", "--log-level", "debug", "--workers", workers, *store]
    server = start("run", "shop:app", "--port", "0", *options)

    httpx.post(f"{server.url}/orders/a", json={"amount": 1}, timeout=PATIENCE)
    found = json.loads(server.err.wait_for("command Order.pay ended"))

    assert (found["level"], found["logger"]) == ("debug", "actum.instruments")
    server.stop()


def test_what_is_no_level_and_no_format_is_refused(shop: Path, actum: CommandLine) -> None:
    for option in (["--log-level", "loud"], ["--log-format", "xml"]):
        refused = actum("run", "shop:app", *option)

        assert refused.code == 2
        assert "is not one of" in refused.err
