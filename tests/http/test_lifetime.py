"""When an application is opened and closed, and what happens to requests meanwhile."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from actum import Actions, App, Context
from actum.app import definition_of
from actum.errors import StoreError
from actum.http.server import HttpApp
from actum.launch import run
from actum.runtime.services import Services
from tests.http.bank import bank
from tests.http.serving import Server, client_of, serving


class Opener:
    """Opens the services of the bank in memory, and remembers when."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.opened = 0
        self.closed = 0

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Services]:
        app = bank()
        if self.error:
            raise self.error
        async with run(definition_of(app), store="memory:") as node:
            self.opened += 1
            try:
                yield node.services
            finally:
                self.closed += 1


def app_on(open_services: Callable[[], AbstractAsyncContextManager[Services]], *further: Actions) -> Any:
    app = bank(*further)
    return HttpApp(definition_of(app), open_services)


async def test_an_application_opens_when_the_server_starts_and_closes_when_it_stops() -> None:
    opener = Opener()
    server = Server(app_on(opener))

    started = await server.start()
    assert (started, opener.opened, opener.closed) == ({"type": "lifespan.startup.complete"}, 1, 0)
    stopped = await server.stop()

    assert (stopped, opener.opened, opener.closed) == ({"type": "lifespan.shutdown.complete"}, 1, 1)


async def test_a_store_that_cannot_be_opened_is_told_to_the_server_in_one_line(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/none/bank.db"

    answer = await Server(bank().asgi(store)).start()

    assert answer["type"] == "lifespan.startup.failed"
    assert "none" in answer["message"]
    assert "\n" not in answer["message"]


async def test_any_other_failure_at_the_start_is_told_with_its_traceback() -> None:
    answer = await Server(app_on(Opener(KeyError("mailer")))).start()

    assert answer["type"] == "lifespan.startup.failed"
    assert answer["message"].startswith("Traceback")
    assert answer["message"].endswith("KeyError: 'mailer'")


async def test_an_application_whose_start_failed_can_be_started_again() -> None:
    opener = Opener(OSError("no disk"))
    asgi = app_on(opener)
    assert (await Server(asgi).start())["message"] == "no disk"

    opener.error = None
    server = Server(asgi)
    assert (await server.start())["type"] == "lifespan.startup.complete"
    assert (await server.stop())["type"] == "lifespan.shutdown.complete"


async def test_an_application_can_be_served_a_second_time() -> None:
    opener = Opener()
    asgi = app_on(opener)

    for _ in range(2):
        server = Server(asgi)
        await server.start()
        async with client_of(asgi) as http:
            assert (await http.get("/total")).status_code == 200
        await server.stop()

    assert (opener.opened, opener.closed) == (2, 2)


async def test_without_a_lifespan_the_first_requests_open_the_application_once() -> None:
    opener = Opener()
    asgi = app_on(opener)

    async with client_of(asgi) as http:
        answers = await asyncio.gather(*(http.get("/total") for _ in range(9)))
    await asgi.close()

    assert {answer.status_code for answer in answers} == {200}
    assert (opener.opened, opener.closed) == (1, 1)


def test_without_a_lifespan_the_application_closes_when_the_event_loop_ends() -> None:
    opener = Opener()

    async def serve_one() -> int:
        async with client_of(app_on(opener)) as http:
            return (await http.get("/total")).status_code

    assert asyncio.run(serve_one()) == 200
    assert (opener.opened, opener.closed) == (1, 1)


async def test_a_request_to_an_application_that_cannot_open_is_told_so_and_the_log_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    opener = Opener(OSError("the disk is gone"))
    asgi = app_on(opener)

    async with client_of(asgi) as http:
        refused = await http.get("/total", headers={"X-Correlation-ID": "c-4"})
        opener.error = None
        answer = await http.get("/total")
    await asgi.close()

    assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
    assert (refused.headers["retry-after"], refused.headers["x-correlation-id"]) == ("1", "c-4")
    assert "disk" not in refused.text
    assert answer.status_code == 200
    [record] = [record for record in caplog.records if record.name == "actum.http"]
    assert record.getMessage() == "the application cannot be opened: the disk is gone (c-4)"
    assert record.levelno == logging.ERROR


async def test_requests_in_progress_finish_before_the_application_closes() -> None:
    may_go_on = asyncio.Event()
    has_begun = asyncio.Event()
    group = Actions()

    @group.get("/slow")
    async def slow(ctx: Context) -> int:
        has_begun.set()
        await may_go_on.wait()
        return 7

    opener = Opener()
    asgi = app_on(opener, group)
    server = Server(asgi)
    await server.start()
    async with client_of(asgi) as http:
        request = asyncio.create_task(http.get("/slow"))
        await has_begun.wait()
        stopping = asyncio.create_task(server.stop())
        while (late := await http.get("/total")).status_code == 200:
            pass
        assert (late.status_code, late.json()["detail"]) == (503, "the application is stopping")
        assert opener.closed == 0

        may_go_on.set()
        answer = await request
        await stopping

    assert (answer.json(), opener.closed) == (7, 1)


async def test_the_end_does_not_wait_for_a_request_forever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("actum.http.lifetime.GRACE", 0.01)
    has_begun = asyncio.Event()
    group = Actions()

    @group.get("/endless")
    async def endless() -> None:
        has_begun.set()
        await asyncio.Event().wait()

    asgi = app_on(Opener(), group)
    server = Server(asgi)
    await server.start()
    async with client_of(asgi) as http:
        request = asyncio.create_task(http.get("/endless"))
        await has_begun.wait()

        assert (await server.stop())["type"] == "lifespan.shutdown.complete"
        request.cancel()

    assert "1 requests were still in progress" in caplog.text


async def test_health_is_told_at_an_address_of_its_own() -> None:
    async with serving(bank()) as http:
        answer = await http.get("/-/health")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_process_whose_application_cannot_be_opened_lives_and_is_not_ready() -> None:
    @asynccontextmanager
    async def open_nothing() -> AsyncIterator[Any]:
        raise StoreError("secret of the disk")
        yield

    asgi = app_on(open_nothing)
    async with client_of(asgi) as http:
        health, ready = await http.get("/-/health"), await http.get("/-/ready")
    await asgi.close()

    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.headers["content-type"]) == (503, "application/problem+json")
    assert "secret" not in ready.text


@pytest.mark.parametrize("leaves_path", [True, False])
async def test_an_application_works_where_another_mounts_it(leaves_path: bool) -> None:
    inner = bank().asgi("memory:")

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"] if leaves_path else scope["path"].removeprefix("/money")
        await inner({**scope, "root_path": "/money", "path": path}, receive, send)

    async with client_of(outer) as http:
        written = await http.post("/money/accounts/money/deposits", json={"amount": 6})
        refused = await http.post("/money/accounts/money/deposits", json={"amount": -6})
        nowhere = await http.get("/money/nowhere")
    await inner.close()

    assert (written.status_code, written.json()) == (201, 6)
    assert (refused.status_code, nowhere.status_code) == (400, 404)


async def test_the_state_that_a_server_hands_out_reaches_the_action() -> None:
    group = Actions()

    @group.get("/state")
    async def state(scope: Any) -> str:
        return str(scope["state"]["color"])

    inner = bank(group).asgi("memory:")
    state_of_server = {"color": "red"}

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        await inner({**scope, "state": state_of_server}, receive, send)

    async with client_of(outer) as http:
        answer = await http.get("/state")
    await inner.close()

    assert answer.text == "red"
    assert state_of_server == {"color": "red"}


async def test_a_websocket_is_turned_away() -> None:
    asgi = bank().asgi("memory:")
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await asgi({"type": "websocket", "path": "/total", "headers": [], "query_string": b""}, receive, send)

    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_an_app_is_itself_an_asgi_application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTUM_STORE", f"sqlite:///{tmp_path}/bank.db")
    app: App = bank()
    server = Server(app)

    await server.start()
    async with client_of(app) as http:
        answer = await http.post("/accounts/a/deposits", json={"amount": 3})
    await server.stop()

    assert answer.json() == 3
    assert (tmp_path / "bank.db").exists()
