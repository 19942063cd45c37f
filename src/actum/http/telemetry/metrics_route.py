"""The route of metrics, which Prometheus reads; it is there only where ACTUM_METRICS asks for it."""

import os

from litestar import Response
from litestar.handlers import HTTPRouteHandler, get

from actum.errors import Unavailable
from actum.http.lifetime import Lifetime
from actum.model.routes.own_paths import METRICS
from actum.runtime.instruments.exposition import MEDIA_TYPE, exposition
from actum.runtime.instruments.metrics import metrics_of, serves_metrics


def metrics_routes(lifetime: Lifetime) -> list[HTTPRouteHandler]:
    """Gives the route of metrics, if the environment asks for it."""
    if not serves_metrics(os.environ):
        return []

    @get(METRICS, include_in_schema=False)
    async def metrics() -> Response[bytes]:
        services = lifetime.services
        found = None if services is None else metrics_of(services.instruments)
        if found is None:
            raise Unavailable("the application is starting or stopping, and measures nothing now")
        return Response(
            exposition(found).encode(), media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"}
        )

    return [metrics]
