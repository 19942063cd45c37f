"""Fills a store with personal data of two people, in every place that there is."""

from datetime import timedelta

from actum import Context
from actum.testing.application import Running
from tests.people.members import (
    ANN,
    ANN_NAME,
    ANN_STREET,
    BOB,
    BOB_NAME,
    BOB_STREET,
    PLACES,
    Address,
    Farewell,
    Mail,
    Member,
    Note,
    Order,
    Refused,
    Welcome,
    secret,
)

SECRETS = [ANN, ANN_NAME, ANN_STREET, *(secret(place, ANN_NAME) for place in PLACES)]


async def fill(running: Running) -> None:
    """Has Ann and Bob do everything once: register by HTTP, rename, order, wait for timers and letters."""
    for id, email, name, street in [("ann", ANN, ANN_NAME, ANN_STREET), ("bob", BOB, BOB_NAME, BOB_STREET)]:
        answer = await running.http.post(
            f"/members/{id}",
            params={"email": email, "name": name},
            headers={"Idempotency-Key": f"request of {id}"},
        )
        assert answer.json() == {"email": email, "name": name}
        ctx = running.ctx
        assert await ctx.entity(Member, id, idempotency_key="k-1").rename(f"{name} II") == f"{name} II"
        assert await ctx.entity(Order, f"o-{id}", idempotency_key="k-2").place(
            id, Address(street)
        ) == Address(street)
        await running.http.post(
            f"/orders/p-{id}",
            params={"customer": id, "street": street},
            headers={"Idempotency-Key": f"order of {id}"},
        )
        await ctx.schedule(Member.remind, id, after=timedelta(days=3), name=f"timer of {id}")(name)
        await ctx.queue("mails").send(Mail(id, email, "hello"), key=f"mails of {id}")
        await ctx.queue("mails").send(Mail(id, email, "again"), key=f"mails of {id}")
        assert await ctx.atomic(_renamed, id, name, idempotency_key=f"unit of {id}") == name
        await fill_workflows(running, id, name)
    await running.settle(allows_failures=True)
    await running.node.services.directory.save_snapshots()


async def fill_workflows(running: Running, id: str, name: str) -> None:
    """Has workflows of somebody record in every place; one has ended, one waits with a signal untaken."""
    ctx = running.ctx
    for place in ("ended", "waiting"):
        workflow = ctx.workflow(Welcome, f"{place} of {id}")
        await workflow.start(id, name)
        await workflow.signal(Note(secret("note", name)))
        await running.settle(allows_failures=True)
    await ctx.workflow(Welcome, f"ended of {id}").signal(Farewell(secret("farewell", name)))
    await ctx.workflow(Welcome, f"waiting of {id}").signal(Note(secret("untaken", name)))
    await ctx.workflow(Refused, id).start(name)
    await running.settle(allows_failures=True)


async def _renamed(ctx: Context, id: str, name: str) -> str:
    found = await ctx.entity(Member, id).rename(name)
    return str(found)
