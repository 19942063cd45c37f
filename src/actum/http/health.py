"""Health checks: whether an application is alive, and which of its parts stand still."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler, get
from msgspec import Struct

from actum.http.lifetime import Lifetime
from actum.model.event import to_datetime
from actum.model.routes.own_paths import HEALTH, READY
from actum.runtime.gauges.lags import Lag
from actum.runtime.gauges.standstill import PartState, Standstill


class Health(Struct, frozen=True):
    """Says that the process is alive."""

    status: str = "ok"


class ShownPart(Struct, frozen=True, omit_defaults=True):
    """A part: what it is, its name and its state.

    One that has stopped or lags has since when, and why; one that is behind, by how many events or items, and
    for how many seconds.
    """

    part: str
    name: str
    state: str
    since: datetime | None = None
    why: str = ""
    key: str | None = None
    behind: int = 0
    seconds: float | None = None


class Ready(Struct, frozen=True):
    """Says whether requests are served: `ok`, `degraded` where a part stands still or lags, or `failing`.

    All parts are listed, those first that have stopped or lag.
    """

    status: Literal["ok", "degraded", "failing"]
    parts: list[ShownPart]


async def send_health(send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    """Says that the process is alive, where the application itself could not be opened."""
    body = msgspec.json.encode(Health())
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def health_routes(lifetime: Lifetime) -> list[HTTPRouteHandler]:
    """Gives the routes of the health checks."""

    @get(HEALTH, include_in_schema=False)
    async def health() -> Health:
        return Health()

    @get(READY, include_in_schema=False)
    async def ready() -> Response[Ready]:
        services = lifetime.services
        found: Sequence[Standstill] = ()
        every: Sequence[PartState] = ()
        if services is not None:
            # Side by side: each waits for a store that hangs as long as it may.
            found, every = await asyncio.gather(services.readiness.look(), services.readiness.parts())
        is_failing = services is None or any(one.fails_requests for one in found)
        status: Literal["ok", "degraded", "failing"] = (
            "failing" if is_failing else "degraded" if found else "ok"
        )
        return Response(
            Ready(status, _listed(found, every)),
            status_code=503 if is_failing else 200,
            headers={"Cache-Control": "no-store"},
        )

    return [health, ready]


def _listed(found: Sequence[Standstill], every: Sequence[PartState]) -> list[ShownPart]:
    """Lists what has stopped or lags, and then the parts that go on."""
    lags = {(one.part, one.name): one.lag for one in every}
    standing = {(one.part, one.name) for one in found}
    return [
        *(_shown(one.part, one.name, one.state, lags.get((one.part, one.name)), one) for one in found),
        *(_shown(one.part, one.name, "ok", one.lag) for one in every if (one.part, one.name) not in standing),
    ]


def _shown(part: str, name: str, state: str, lag: Lag | None, one: Standstill | None = None) -> ShownPart:
    behind = 0 if lag is None else lag.behind
    seconds = round(lag.seconds, 1) if lag is not None and lag.seconds else None
    if one is None:
        return ShownPart(part, name, state, behind=behind, seconds=seconds)
    return ShownPart(part, name, state, to_datetime(one.since), one.why, one.key, behind, seconds)
