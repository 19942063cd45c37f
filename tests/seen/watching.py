"""Watches an application as operators do: by `/-/ready`, by `/-/metrics`, and by the map of the console."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import httpx

from actum import Context
from actum.runtime.services import Services
from tests.console.opening import LOCAL
from tests.http.serving import Server
from tests.seen.bank import bank

KEPT = os.environ.get("SECONDS")
"""A file to which it is added how long each place took to show something, to be looked at."""
PATIENCE = 60
POLL = 0.05
PLACES = ("/-/ready", "/-/metrics", "/-/console/map")
STANDING = re.compile(
    r'<li><span class="state (bad|warn)">[^<]*</span> <span>([\w ]+) <(?:a [^>]*|strong)>([^<]+)<'
)
"""A line of the map about what stands still: its tone, its part and its name."""


class Watched:
    """An application that is open, and a client at this machine."""

    def __init__(self, client: httpx.AsyncClient, services: Services) -> None:
        self.client = client
        self.services = services

    def context(self) -> Context:
        """A context to send commands with."""
        return Context(self.services)

    async def shows(self, place: str, part: str, name: str) -> bool:
        """Whether one of the places says that a part stands still or lags, by its name."""
        answer = await self.client.get(place)
        if place == "/-/ready":
            said = answer.json()
            found = [(one["part"], one["name"]) for one in said["parts"] if one["state"] != "ok"]
            is_failing = said["status"] == "failing"
            assert answer.status_code == (503 if is_failing else 200)
            assert is_failing or "store" not in {of for of, _ in found}
            return (part, name) in found
        assert answer.status_code == 200, answer.text
        if place == "/-/metrics":
            return f'actum_ready{{part="{part}",name="{name}"}} 0' in answer.text.splitlines()
        standing = {(of, called): tone for tone, of, called in STANDING.findall(answer.text)}
        return standing.get((part, name)) in (("bad",) if part == "store" else ("bad", "warn"))

    async def until_shown(self, part: str, name: str, *, said_of: str) -> None:
        """Returns when each place shows that a part stands still."""
        await self._until(part, name, is_shown=True, said_of=said_of)

    async def until_gone(self, part: str, name: str, *, said_of: str) -> None:
        """Returns when no place shows it any more."""
        await self._until(part, name, is_shown=False, said_of=said_of)

    async def _until(self, part: str, name: str, *, is_shown: bool, said_of: str) -> None:
        began = monotonic()

        async def watch(place: str) -> float:
            while await self.shows(place, part, name) is not is_shown:  # noqa: ASYNC110 (nobody tells)
                await asyncio.sleep(POLL)
            return monotonic() - began

        async with asyncio.timeout(PATIENCE):
            took = await asyncio.gather(*map(watch, PLACES))
        if KEPT is not None:
            text = ", ".join(f"{place} {seconds:.1f}" for place, seconds in zip(PLACES, took, strict=True))
            _keep(f"{said_of}: {part} {name} {'shown' if is_shown else 'gone'}: {text}\n", Path(KEPT))


def _keep(line: str, kept: Path) -> None:
    with kept.open("a") as file:
        file.write(line)


@asynccontextmanager
async def watching(store: str) -> AsyncIterator[Watched]:
    """Opens the bank on a store, served in development, with metrics."""
    asgi: Any = bank().asgi(store, is_development=True)
    server = Server(asgi)
    assert await server.start() == {"type": "lifespan.startup.complete"}
    transport = httpx.ASGITransport(asgi, raise_app_exceptions=False, client=("127.0.0.1", 50_000))
    try:
        async with httpx.AsyncClient(transport=transport, base_url=LOCAL) as client:
            yield Watched(client, asgi._lifetime.services)
    finally:
        await server.stop()
