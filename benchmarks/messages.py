"""Messages of the bank's queue, each of which is handled by a command: from sending one to its reply."""

import asyncio
import gc
import itertools
import time

from msgspec import Struct

from actum import Actions, App, Context
from benchmarks.bank import AMOUNT, Account, account_id
from benchmarks.measure import Sample, of_latencies

QUEUE = "payments"


class Payment(Struct):
    account: str
    number: int


class Replies:
    """The senders that wait for the reply to their message, by its number."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[int]] = {}

    def expect(self, number: int) -> asyncio.Future[int]:
        """Returns what the sender of a message waits for."""
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        return future

    def give(self, number: int, reply: int) -> None:
        """Gives the sender of a message its reply."""
        self._waiting.pop(number).set_result(reply)


replies = Replies()
clerk = Actions()


@clerk.queue(QUEUE)
async def pay(ctx: Context, message: Payment) -> None:
    replies.give(message.number, await ctx.entity(Account, message.account).deposit(AMOUNT))


queued = App("bank", entities=[Account], actions=[clerk])


async def sending(store: str, senders: int, messages: int) -> Sample:
    """Measures messages a second of so many senders, each of whom waits for its reply."""
    numbers = itertools.count()
    latencies: list[float] = []

    async def send(account: str, count: int) -> None:
        for _ in range(count):
            number = next(numbers)
            reply = replies.expect(number)
            began = time.perf_counter()
            await ctx.queue(QUEUE).send(Payment(account, number), key=account)
            await reply
            latencies.append(time.perf_counter() - began)

    async with queued.running(store=store) as ctx:
        accounts = [account_id(number) for number in range(senders)]
        await asyncio.gather(*(send(account, 1) for account in accounts))
        latencies.clear()
        gc.collect()
        began = time.perf_counter()
        await asyncio.gather(*(send(account, messages // senders) for account in accounts))
        elapsed = time.perf_counter() - began
    return of_latencies(latencies, elapsed)
