"""Errors of the application's own code: told to its author in development, and to nobody else."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from actum import Actions
from actum.app import definition_of
from actum.http.server import HttpApp
from actum.runtime.services import Services
from tests.http.bank import bank
from tests.http.serving import Server, client_of

actions = Actions()


def fail() -> None:
    raise KeyError("no such thing")


@actions.get("/fails")
async def fails() -> None:
    fail()


app = bank(actions)
LINE = fail.__code__.co_firstlineno + 1
SAID = f"tests/http/test_told_errors.py:{LINE}: KeyError: 'no such thing'"


@asynccontextmanager
async def serving(*, is_development: bool) -> AsyncIterator[httpx.AsyncClient]:
    """Serves with the answers of development, and without its checks, which last for the whole process."""
    async with app.running(store="memory:") as ctx:

        @asynccontextmanager
        async def open_services() -> AsyncIterator[Services]:
            yield ctx._services

        asgi = HttpApp(definition_of(app), open_services, is_development=is_development)
        server = Server(asgi)
        await server.start()
        try:
            async with client_of(asgi) as http:
                yield http
        finally:
            await server.stop()


async def test_development_tells_the_error_and_its_line_to_this_machine() -> None:
    async with serving(is_development=True) as http:
        here = await http.get("/fails", headers={"Host": "localhost:8000"})
        elsewhere = await http.get("/fails", headers={"Host": "example.org"})

    assert here.json()["detail"] == f"The application failed: {SAID}"
    assert elsewhere.json()["detail"] == "The application failed, not the request; its log says why."
    assert (here.status_code, elsewhere.status_code) == (500, 500)


async def test_production_tells_nobody() -> None:
    async with serving(is_development=False) as http:
        here = await http.get("/fails", headers={"Host": "localhost:8000"})

    assert here.json()["detail"] == "The application failed, not the request; its log says why."


async def test_the_first_line_of_the_log_says_the_error_and_its_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR, "actum.http")
    async with serving(is_development=False) as http:
        await http.get("/fails", headers={"X-Correlation-ID": "c-1"})

    [record] = caplog.records
    assert record.getMessage() == f"GET /fails failed (c-1): {SAID}"
    assert record.exc_info is not None
