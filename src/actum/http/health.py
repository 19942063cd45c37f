"""Health checks: whether an application is alive, and which of its parts stand still."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Literal

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler, get
from msgspec import Struct

from actum.http.lifetime import Lifetime
from actum.http.routes import RESERVED
from actum.model.event import to_datetime
from actum.runtime.readiness import Standstill

HEALTH = f"{RESERVED}health"
READY = f"{RESERVED}ready"


class Health(Struct, frozen=True):
    """Says that the process is alive."""

    status: str = "ok"


class StandingPart(Struct, frozen=True, omit_defaults=True):
    """A part that stands still or lags: what it is, its name, its state, since when, and why."""

    part: str
    name: str
    state: str
    since: datetime
    why: str
    key: str | None = None


class Ready(Struct, frozen=True):
    """Says whether requests are served: `ok`, `degraded` where a part stands still or lags, or `failing`."""

    status: Literal["ok", "degraded", "failing"]
    parts: list[StandingPart]


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
        found = await services.readiness.look() if services is not None else []
        is_failing = services is None or any(one.fails_requests for one in found)
        status: Literal["ok", "degraded", "failing"] = (
            "failing" if is_failing else "degraded" if found else "ok"
        )
        return Response(
            Ready(status, [_shown(one) for one in found]),
            status_code=503 if is_failing else 200,
            headers={"Cache-Control": "no-store"},
        )

    return [health, ready]


def _shown(one: Standstill) -> StandingPart:
    return StandingPart(one.part, one.name, one.state, to_datetime(one.since), one.why, one.key)
