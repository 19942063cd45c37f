"""The payment service of the demo: a server that is away now and then, and refuses some cards."""

from collections import Counter
from typing import Any

from litestar import Litestar, Response, delete, put
from msgspec import Struct

REFUSED_CARD = "0000"
"""Cards that end in this are refused."""


class Charge(Struct):
    card: str
    amount: int


class Service:
    """Charges each key once. The first `outages` requests for a key fail, some of them after their effect."""

    def __init__(self, outages: int = 2) -> None:
        self.outages = outages
        self.charges: dict[str, Charge] = {}
        self.refunded: set[str] = set()
        self.requests: Counter[str] = Counter()

    def charge(self, key: str, data: Charge) -> Response[dict[str, Any]]:
        """Answers 402 for a card that is refused, and 503 when the service is away."""
        self.requests[key] += 1
        attempt = self.requests[key]
        if attempt == 1 and self.outages:
            return Response({"error": "away"}, status_code=503)
        if data.card.endswith(REFUSED_CARD):
            return Response({"error": "refused"}, status_code=402)
        self.charges.setdefault(key, data)
        if attempt <= self.outages:
            return Response({"error": "away, though it was charged"}, status_code=503)
        return Response({"receipt": f"r-{key}"}, status_code=200)

    def refund(self, key: str) -> None:
        """Pays back what was charged."""
        if key in self.charges:
            self.refunded.add(key)


def server_of(service: Service) -> Litestar:
    """Returns the service as an ASGI application."""

    @put("/charges/{key:str}")
    async def charge(key: str, data: Charge) -> Response[dict[str, Any]]:
        return service.charge(key, data)

    @delete("/charges/{key:str}")
    async def refund(key: str) -> None:
        service.refund(key)

    return Litestar([charge, refund], openapi_config=None)
