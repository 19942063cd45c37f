"""The saga: an order from its placing to its sending, and what is undone if it does not get there."""

from datetime import timedelta
from functools import partial

from msgspec import Struct

from actum import Context, Retries, Workflow
from examples.shop.orders import Order, OrderPlaced, total_of
from examples.shop.payments import charge, refund
from examples.shop.stock import Item

PATIENCE = Retries(attempts=8, first=timedelta(seconds=1), longest=timedelta(minutes=1))


class Payment(Struct):
    """A signal: the customer pays with this card."""

    card: str


class Fulfilment(Workflow):
    """What is registered with `compensate` is done, in reverse order, when a later line fails."""

    stage: str = "placed"

    async def run(self, ctx: Context, order: OrderPlaced) -> str:
        self.compensate(lambda: ctx.entity(Order, self.id).call_off("it could not be fulfilled"))
        for line in order.lines:
            self.compensate(partial(ctx.entity(Item, line.sku).give_back, self.id))
            await ctx.entity(Item, line.sku).reserve(self.id, line.quantity)

        self.stage = "waits for payment"
        payment = await self.receive(Payment)

        # Before the charge: it may take effect and its answer may be lost.
        self.compensate(lambda: self.step(refund, self.id, retries=PATIENCE))
        receipt = await self.step(
            charge,
            self.id,
            payment.card,
            total_of(order.lines),
            retries=PATIENCE,
            timeout=timedelta(seconds=10),
        )
        await ctx.entity(Order, self.id).pay(receipt)

        self.stage = "paid"
        for line in order.lines:
            await ctx.entity(Item, line.sku).ship(self.id)
        await ctx.entity(Order, self.id).send()
        self.stage = "sent"
        return receipt
