"""The service that takes payments, as the shop sees it: slow, away now and then, and with the last word."""

import os
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from actum import Context, Rejected

REFUSED = 402


class Payments(ABC):
    """Charges cards. Both calls may be sent again: a key is charged once, and refunded once."""

    @abstractmethod
    async def charge(self, key: str, card: str, amount: int) -> str:
        """Returns the receipt. Raises Rejected if the card is refused, and anything else when it is away."""

    @abstractmethod
    async def refund(self, key: str) -> None:
        """Pays back what was charged under a key; nothing if that is nothing."""


class HttpPayments(Payments):
    """The service over HTTP, at the address in `SHOP_PAYMENTS`."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def charge(self, key: str, card: str, amount: int) -> str:
        response = await self.http.put(f"/charges/{key}", json={"card": card, "amount": amount})
        if response.status_code == REFUSED:
            raise Rejected("the card was refused", code="refused")
        response.raise_for_status()
        receipt: str = response.json()["receipt"]
        return receipt

    async def refund(self, key: str) -> None:
        (await self.http.delete(f"/charges/{key}")).raise_for_status()


@asynccontextmanager
async def open_payments() -> AsyncIterator[Payments]:
    """Connects to the service for as long as the application runs."""
    address = os.environ.get("SHOP_PAYMENTS", "http://127.0.0.1:8001")
    async with httpx.AsyncClient(base_url=address, timeout=5) as http:
        yield HttpPayments(http)


async def charge(_: Context, payments: Payments, order: str, card: str, amount: int) -> str:
    """A step: the order's id is the key, so an order is charged once, however often the step is tried."""
    return await payments.charge(order, card, amount)


async def refund(_: Context, payments: Payments, order: str) -> None:
    """A step that undoes the other."""
    await payments.refund(order)
