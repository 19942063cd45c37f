"""G9 over HTTP: an Idempotency-Key stands for one request, which is done once and answered the same."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.enums import RequestEncodingType
from litestar.handlers import BaseRouteHandler
from litestar.params import Body
from msgspec import Struct

from actum import Actions, App, Context, Entity, Event, Rejected, command, query, reducer
from actum.ports.journal import Write
from actum.testing import testing
from actum.testing.application import Running
from tests.servers.postgres import empty, url_of

KEY = "Idempotency-Key"


class Added(Event):
    amount: int


class Tally(Entity):
    total: int = 0

    @command
    def add(self, amount: int) -> int:
        if amount > 1_000:
            raise Rejected("too much", code="too_much")
        self.emit(Added(amount))
        return self.total

    @query
    def value(self) -> int:
        return self.total

    @reducer
    def added(self, event: Added) -> None:
        self.total += event.amount


class Sum(Struct):
    id: str
    amount: int


class Outside:
    """What the actions of this file do beside their commands."""

    def __init__(self) -> None:
        self.runs = 0
        self.failures = 0
        self.gate: asyncio.Event | None = None
        self.worked: list[str] = []

    async def meet(self) -> None:
        """Takes note of a run, waits if it has to, and fails as often as it was told to."""
        self.runs += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise RuntimeError("cut off half way")


outside = Outside()


def name_who_asks(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    connection.state.ctx.by = connection.headers.get("x-user", "")


actions = Actions(guards=[name_who_asks])


@actions.post("/entity/{id:str}")
async def entity(ctx: Context, id: str, data: Sum, note: str = "") -> int:
    total = await ctx.entity(Tally, id).add(data.amount)
    await outside.meet()
    return total


@actions.post("/unit/{id:str}")
async def unit(ctx: Context, id: str, data: Sum, note: str = "") -> int:
    async def both(inner: Context) -> int:
        await inner.entity(Tally, f"{id}-other").add(data.amount)
        return await inner.entity(Tally, id).add(data.amount)

    total = await ctx.atomic(both)
    await outside.meet()
    return total


@actions.post("/message/{id:str}")
async def message(ctx: Context, id: str, data: Sum, note: str = "") -> str:
    await ctx.queue("sums").send(Sum(id, data.amount))
    await outside.meet()
    return f"sent {data.amount}"


@actions.post("/timer/{id:str}")
async def timer(ctx: Context, id: str, data: Sum, note: str = "") -> str:
    name = await ctx.schedule(Tally.add, id, after=timedelta(hours=1))(data.amount)
    await ctx.schedule(Tally.add, id, after=timedelta(hours=1), name="named")(data.amount)
    await outside.meet()
    return name


@actions.post("/several/{id:str}")
async def several(ctx: Context, id: str, data: Sum, note: str = "") -> list[int]:
    first = await ctx.entity(Tally, id).add(data.amount)
    made = ctx.new_id()
    await ctx.entity(Tally, made).add(data.amount)
    await ctx.queue("sums").send(Sum(id, data.amount))
    await outside.meet()
    await ctx.schedule(Tally.add, id, after=timedelta(hours=1))(data.amount)
    return [first, await ctx.entity(Tally, id).add(data.amount)]


@actions.post("/none/{id:str}")
async def none(ctx: Context, id: str, data: Sum, note: str = "") -> str:
    await outside.meet()
    return f"run {outside.runs}"


@actions.put("/entity/{id:str}")
async def put_entity(ctx: Context, id: str, data: Sum, note: str = "") -> int:
    return await ctx.entity(Tally, id).add(data.amount)


@actions.post("/raw/{id:str}")
async def raw(ctx: Context, id: str, request: Request[Any, Any, Any]) -> str:
    body = await request.body()
    return f"{await ctx.entity(Tally, id).add(1)}: {body.decode()}"


@actions.post("/form/{id:str}")
async def form(
    ctx: Context, id: str, data: Annotated[Sum, Body(media_type=RequestEncodingType.MULTI_PART)]
) -> int:
    return await ctx.entity(Tally, id).add(data.amount)


@actions.post("/headed/{id:str}")
async def headed(ctx: Context, id: str) -> Response[dict[str, int]]:
    total = await ctx.entity(Tally, id).add(1)
    return Response({"total": total}, status_code=202, headers={"Location": f"/tallies/{id}", "X-Own": "é"})


@actions.post("/large/{id:str}")
async def large(ctx: Context, id: str) -> str:
    await outside.meet()
    return f"{await ctx.entity(Tally, id).add(1)}" + "x" * 300_000


@actions.get("/entity/{id:str}")
async def show(ctx: Context, id: str) -> int:
    return await ctx.entity(Tally, id).value()


@actions.queue("sums")
async def work(ctx: Context, message: Sum) -> None:
    outside.worked.append(message.id)
    await ctx.entity(Tally, message.id).add(message.amount)


app = App("keyed", entities=[Tally], actions=[actions])
EFFECTS = {"entity": 5, "unit": 5, "message": 5, "timer": 10, "several": 20, "none": 0}


async def empty_postgres(request: pytest.FixtureRequest) -> str:
    server = request.getfixturevalue("postgres")
    await empty(server)
    return url_of(server, schema="store")


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def t(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Running, None]:
    outside.__init__()  # type: ignore[misc]
    store = "memory:"
    if request.param == "sqlite":
        store = f"sqlite:///{tmp_path}/keyed.db"
    elif request.param == "postgres":
        store = await empty_postgres(request)
    async with testing(app, store=store) as running:
        yield running


async def post(
    t: Running, path: str, key: str | None, amount: int = 5, *, method: str = "POST", **headers: str
) -> Any:
    sent = {**headers, **({} if key is None else {KEY: key})}
    sent = {name.replace("_", "-"): value for name, value in sent.items()}
    return await t.http.request(method, path, json={"id": "x", "amount": amount}, headers=sent)


async def total(t: Running, id: str) -> int:
    return (await t.ctx.state(Tally, id)).total


async def after_all(t: Running, id: str) -> int:
    """What an entity has when all that was begun is done."""
    await t.settle()
    await t.advance(hours=2)
    return await total(t, id)


def told(response: Any) -> tuple[int, bytes, str | None, str | None, str | None]:
    """What a client is told, without what tells its requests apart."""
    names = ("etag", "actum-position", "content-type")
    return response.status_code, response.content, *map(response.headers.get, names)  # type: ignore[return-value]


@pytest.mark.parametrize("what", EFFECTS)
async def test_a_request_that_comes_again_is_done_once_and_answered_the_same(t: Running, what: str) -> None:
    """Whatever its action does, with the same ETag and position, and after a restart too."""
    first = await post(t, f"/{what}/a", "k")
    await post(t, f"/{what}/a", None, 100)
    again = await post(t, f"/{what}/a", "k")
    if t.node.services.database.is_shared or t._store != "memory:":
        await t.restart()
    later = await post(t, f"/{what}/a", "k")

    assert first.status_code == 201
    assert told(first) == told(again) == told(later)
    assert outside.runs == 2
    # The second timer called "named" took the place of the first.
    assert await after_all(t, "a") == (205 if what == "timer" else EFFECTS[what] * 21)


@pytest.mark.parametrize("what", EFFECTS)
async def test_a_key_stands_for_one_request_alone(t: Running, what: str) -> None:
    """Another path, query, body or method with it is refused, and nothing is done."""
    await post(t, f"/{what}/a", "k")

    others = [
        await post(t, f"/{what}/b", "k"),
        await post(t, f"/{what}/a?note=n", "k"),
        await post(t, f"/{what}/a", "k", 6),
        await post(t, "/entity/a", "k", method="PUT"),
        await post(t, "/none/a" if what != "none" else "/entity/a", "k"),
    ]

    assert [(other.status_code, other.json()["code"]) for other in others] == [(422, "key-reused")] * 5
    assert outside.runs == 1
    assert await after_all(t, "a") == EFFECTS[what]
    assert await total(t, "b") == 0


@pytest.mark.parametrize("what", EFFECTS)
async def test_a_request_that_was_cut_off_half_way_is_completed_when_it_comes_again(
    t: Running, what: str
) -> None:
    """Each effect is there once; until then the key stands for that request already."""
    outside.failures = 2
    cut_off = [(await post(t, f"/{what}/a", "k")).status_code for _ in range(2)]
    other = await post(t, f"/{what}/b", "k")
    first = await post(t, f"/{what}/a", "k")
    again = await post(t, f"/{what}/a", "k")

    assert (cut_off, other.status_code) == ([500, 500], 422)
    assert (first.status_code, told(first)) == (201, told(again))
    assert await after_all(t, "a") == EFFECTS[what]
    assert await total(t, "b") == 0


@pytest.mark.parametrize("what", EFFECTS)
async def test_a_request_that_comes_while_the_first_still_runs_waits_for_it(t: Running, what: str) -> None:
    """And is answered as that is; another one is refused without waiting."""
    outside.gate = asyncio.Event()
    calls = [asyncio.create_task(post(t, f"/{what}/a", "k")) for _ in range(3)]
    while not outside.runs:  # noqa: ASYNC110 (it is this loop that runs the action)
        await asyncio.sleep(0)
    other = await post(t, f"/{what}/a", "k", 6)
    outside.gate.set()
    answers = await asyncio.gather(*calls)

    assert other.status_code == 422
    assert len({told(answer) for answer in answers}) == 1
    assert outside.runs == 1
    assert await after_all(t, "a") == EFFECTS[what]


@pytest.mark.parametrize("what", ["entity", "unit", "message", "several"])
async def test_keys_of_different_callers_never_meet(t: Running, what: str) -> None:
    """Where it is known who asks, the same key is another one, and each is answered for itself."""
    ann = await post(t, f"/{what}/a", "k", x_user="ann")
    bob = await post(t, f"/{what}/a", "k", x_user="bob")
    other = await post(t, f"/{what}/a", "k", 7, x_user="cyd")
    again = await post(t, f"/{what}/a", "k", x_user="ann")

    assert [one.status_code for one in (ann, bob, other, again)] == [201] * 4
    assert told(ann) == told(again)
    assert await after_all(t, "a") == EFFECTS[what] // 5 * 17


async def test_a_client_whom_nobody_names_never_gets_anothers_answer(t: Running) -> None:
    """What it proves itself with is part of its request."""
    first = await post(t, "/none/a", "k", authorization="Bearer 1")
    other = await post(t, "/none/a", "k", authorization="Bearer 2")

    assert (first.status_code, other.status_code) == (201, 422)


async def test_a_refused_request_may_succeed_when_it_comes_again(t: Running) -> None:
    """A refusal is not kept, and what does not parse has no key yet."""
    outside.failures = 0
    unread = await t.http.post("/entity/a", content=b"{", headers={KEY: "k"})
    refused = [(await post(t, "/entity/a", "k", 5_000)).json()["code"] for _ in range(2)]

    assert unread.status_code == 400
    assert refused == ["too_much", "too_much"]
    assert (await post(t, "/entity/a", "k", 5)).json()["code"] == "key-reused"


async def test_headers_of_an_answer_are_given_again(t: Running) -> None:
    """All but the correlation id, which is the request's own."""
    first, again = [await t.http.post("/headed/a", headers={KEY: "k"}) for _ in range(2)]

    assert (again.status_code, again.json()) == (202, {"total": 1})
    differing = {name for name in first.headers if first.headers[name] != again.headers.get(name)}
    assert differing == {"x-correlation-id"}


async def test_a_body_is_told_from_others_though_the_action_reads_it_itself(t: Running) -> None:
    """It finds it whole, and one in parts is the same whatever stands between these."""
    first, again, other = [
        await t.http.post("/raw/a", content=content, headers={KEY: "k"}) for content in (b"1", b"1", b"2")
    ]
    forms = [
        await t.http.post(
            "/form/a",
            content=f'--{line}\r\nContent-Disposition: form-data; name="id"\r\n\r\nx\r\n--{line}\r\n'
            f'Content-Disposition: form-data; name="amount"\r\n\r\n{amount}\r\n--{line}--\r\n',
            headers={KEY: "f", "Content-Type": f"multipart/form-data; boundary={line}"},
        )
        for line, amount in (("aaa", 10), ("bbb", 10), ("ccc", 11))
    ]

    assert (first.text, again.text, other.status_code) == ("1: 1", "1: 1", 422)
    assert [(one.status_code, one.text) for one in forms[:2]] == [(201, "11"), (201, "11")]
    assert forms[2].status_code == 422
    assert await total(t, "a") == 11


async def test_an_answer_that_is_too_large_to_keep_is_made_again(t: Running) -> None:
    """By running the action, whose effects are there once."""
    first, again = [await t.http.post("/large/a", headers={KEY: "k"}) for _ in range(2)]

    assert (first.status_code, first.text) == (again.status_code, again.text)
    assert (outside.runs, await total(t, "a")) == (2, 1)


async def test_a_request_that_only_reads_takes_no_key(t: Running) -> None:
    """Its answer is always new."""
    before = await t.http.get("/entity/a", headers={KEY: "k"})
    await post(t, "/entity/a", "k")
    after = await t.http.get("/entity/a", headers={KEY: "k"})

    assert (before.json(), after.json()) == (0, 5)


async def test_a_key_that_an_earlier_version_kept_is_answered_as_it_was(t: Running) -> None:
    """That kept the reply of a command under the client's own key, and nothing of its request."""
    for key, id in (("old", "old"), ("sample", "sample")):
        await t.ctx.entity(Tally, id, idempotency_key=key).add(5)
    [kept] = await t.node.services.journal.replies([("Tally", "sample", "sample")])
    assert kept is not None
    await t.node.services.journal.append(
        [
            Write("Tally", "b", 0, [("Added", 1, b'{"amount":5}')], b"{}", 1, "k", kept.call, b"5"),
            Write("$unit", "u", 0, [], b"{}", 1, "u", "unit.<locals>.both", b"77"),
        ]
    )

    plain = await post(t, "/entity/b", "k")
    named = await post(t, "/entity/b", "k", x_user="ann")
    in_unit = await post(t, "/unit/u", "u")

    assert [(one.status_code, one.json()) for one in (plain, named, in_unit)] == [
        (201, 5),
        (201, 5),
        (201, 77),
    ]
    assert (await total(t, "b"), await total(t, "u")) == (5, 0)


async def test_requests_with_one_key_to_two_processes_are_done_once(
    request: pytest.FixtureRequest,
) -> None:
    """On one PostgreSQL: the same is answered the same, and of two different ones one is refused."""
    outside.__init__()  # type: ignore[misc]
    store = await empty_postgres(request)
    async with testing(app, store=store) as one, testing(app, store=store) as two:
        for number in range(10):
            alike = await asyncio.gather(*(post(t, f"/several/s{number}", f"s{number}") for t in (one, two)))
            differing = await asyncio.gather(
                post(one, f"/entity/d{number}", f"d{number}", 5),
                post(two, f"/entity/d{number}", f"d{number}", 7),
            )

            assert {told(answer) for answer in alike} == {told(alike[0])}
            assert sorted(answer.status_code for answer in differing) == [201, 422]
            assert await total(one, f"d{number}") in (5, 7)
            assert len(await one.ctx.history(Tally, f"s{number}")) <= 3
