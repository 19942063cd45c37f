"""What an action gets of a request: what the request brings, the context, and the application's resources."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotAuthorizedException
from litestar.params import FromHeader, FromPath, QueryParameter
from msgspec import Struct

from actum import Actions, App, Context, Recorded
from tests.http.bank import Account, Deposited, Opened, bank, teller
from tests.http.serving import serving


class Mailer:
    """A resource that remembers what it sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.is_closed = False


async def test_an_action_gets_path_query_and_body_as_litestar_reads_them() -> None:
    async with serving(bank()) as http:
        opened = await http.post("/accounts/a", params={"owner": "ann"})
        deposited = await http.post("/accounts/a/deposits", json={"amount": 5})

        balance = await http.get("/accounts/a")

    assert (opened.status_code, deposited.status_code) == (201, 201)
    assert (deposited.json(), balance.json()) == (5, 5)


async def test_the_context_is_found_by_its_annotation_whatever_its_name() -> None:
    group = Actions()

    @group.get("/who")
    async def who(number: int, bench: Context) -> str:
        return f"{bench.correlation_id} {number}"

    async with serving(bank(group)) as http:
        answer = await http.get("/who", params={"number": 7}, headers={"X-Correlation-ID": "c-1"})

    assert answer.text == "c-1 7"


async def test_a_resource_is_found_by_its_type_and_lives_as_long_as_the_application() -> None:
    group = Actions()
    mailer = Mailer()

    @asynccontextmanager
    async def open_mailer() -> AsyncIterator[Mailer]:
        yield mailer
        mailer.is_closed = True

    @group.post("/letters")
    async def send_letter(postman: Mailer, text: str, ctx: Context) -> int:
        postman.sent.append(text)
        return len(postman.sent)

    app = App("post", actions=[group], resources=[open_mailer])
    async with serving(app) as http:
        await http.post("/letters", params={"text": "dear ann"})
        second = await http.post("/letters", params={"text": "dear bob"})
        assert not mailer.is_closed

    assert (second.json(), mailer.sent, mailer.is_closed) == (2, ["dear ann", "dear bob"], True)


async def test_a_function_with_several_triggers_answers_requests_without_the_event() -> None:
    group = Actions()
    heard = asyncio.Event()
    seen: list[tuple[str, Event_ | None]] = []

    @group.on(Deposited, Opened)
    @group.post("/notes")
    async def note(ctx: Context, event: Deposited | Opened | None = None, text: str = "") -> str:
        seen.append((text, event))
        heard.set()
        return text

    async with serving(bank(group)) as http:
        answer = await http.post("/notes", params={"text": "by hand"})
        heard.clear()
        await http.post("/accounts/a/deposits", json={"amount": 4})
        await asyncio.wait_for(heard.wait(), 30)

    assert answer.text == "by hand"
    assert seen == [("by hand", None), ("", Deposited(4))]


async def test_a_function_may_take_the_event_with_its_place_in_history() -> None:
    group = Actions()
    versions: asyncio.Queue[int] = asyncio.Queue()

    @group.on(Deposited)
    @group.post("/versions")
    async def note(recorded: Recorded[Deposited] | None = None) -> None:
        versions.put_nowait(0 if recorded is None else recorded.version)

    async with serving(bank(group)) as http:
        await http.post("/versions")
        first = await versions.get()
        await http.post("/accounts/a", params={"owner": "ann"})
        await http.post("/accounts/a/deposits", json={"amount": 4})
        second = await asyncio.wait_for(versions.get(), 30)

    assert (first, second) == (0, 2)


async def test_a_function_takes_the_same_body_from_a_queue() -> None:
    group = Actions()
    taken: asyncio.Queue[Payment] = asyncio.Queue()

    @group.queue("payments")
    @group.post("/payments")
    async def pay(ctx: Context, data: Payment) -> None:
        if data.is_forwarded:
            taken.put_nowait(data)
        else:
            await ctx.queue("payments").send(Payment(data.amount, is_forwarded=True))

    async with serving(bank(group)) as http:
        answer = await http.post("/payments", json={"amount": 8})
        payment = await asyncio.wait_for(taken.get(), 30)

    assert answer.status_code == 201
    assert payment == Payment(8, is_forwarded=True)


async def test_a_group_has_a_prefix_and_the_options_of_a_router() -> None:
    group = Actions(path="/inner/{shelf:int}", tags=["shelves"])

    @group.get()
    async def shelf_number(shelf: int) -> int:
        return shelf + 1

    async with serving(bank(group)) as http:
        answer = await http.get("/inner/41")
        schema = (await http.get("/schema/openapi.json")).json()

    assert answer.json() == 42
    assert schema["paths"]["/inner/{shelf}"]["get"]["tags"] == ["shelves"]


async def test_groups_share_paths_each_with_its_own_options_and_method() -> None:
    group = Actions(path="/accounts", response_headers={"X-Group": "second"})

    @group.delete("/{name:str}")
    async def close(name: str) -> None: ...

    async with serving(bank(group)) as http:
        opened = await http.post("/accounts/a", params={"owner": "ann"})
        shown = await http.get("/accounts/a")
        closed = await http.delete("/accounts/a")
        options = await http.options("/accounts/a")
        wrong = await http.put("/accounts/a")

    assert (opened.status_code, shown.status_code, closed.status_code) == (201, 200, 204)
    assert (shown.headers.get("x-group"), closed.headers.get("x-group")) == (None, "second")
    assert set(wrong.headers["allow"].split(", ")) == {"GET", "HEAD", "POST", "DELETE", "OPTIONS"}
    assert options.status_code == 204


async def test_a_guard_finds_the_context_and_says_who_acts() -> None:
    def only_ann(connection: ASGIConnection[Any, Any, Any, Any], _: Any) -> None:
        if connection.headers.get("authorization") != "Bearer ann":
            raise NotAuthorizedException("who are you?")
        connection.state.ctx.by = "ann"

    group = Actions(guards=[only_ann])

    @group.post("/mine")
    async def deposit_mine(ctx: Context) -> list[str]:
        await ctx.entity(Account, "mine").deposit(3)
        return [recorded.metadata.by for recorded in await ctx.history(Account, "mine")]

    async with serving(bank(group)) as http:
        refused = await http.post("/mine")
        answer = await http.post("/mine", headers={"Authorization": "Bearer ann"})

    assert (refused.status_code, refused.json()["detail"]) == (401, "who are you?")
    assert answer.json() == ["ann"]


async def test_litestars_own_injection_works_beside_ours() -> None:
    async def give_balance(ctx: NamedDependency[Context], id: FromPath[str]) -> int:
        return await ctx.entity(Account, id).current_balance()

    group = Actions()

    @group.get("/doubles/{id:str}", dependencies={"balance": Provide(give_balance)})
    async def double(
        balance: int, request: Request[Any, Any, Any], scope: Any, agent: FromHeader[str]
    ) -> Any:
        return [balance * 2, request.method, scope["path"], agent]

    async with serving(bank(group)) as http:
        await http.post("/accounts/a", params={"owner": "ann"})
        await http.post("/accounts/a/deposits", json={"amount": 21})

        answer = await http.get("/doubles/a", headers={"agent": "007"})

    assert answer.json() == [42, "GET", "/doubles/a", "007"]


async def test_what_the_author_marked_himself_stays_and_keeps_its_limits() -> None:
    group = Actions()

    @group.get("/marked")
    async def marked(
        most: Annotated[int, QueryParameter(name="max", le=9)], tag: list[str] | None = None
    ) -> Response[str]:
        return Response(f"{most} {tag}", headers={"X-Own": "yes"}, status_code=203)

    async with serving(bank(group)) as http:
        answer = await http.get("/marked", params={"max": 9, "tag": ["a", "b"]})
        beyond = await http.get("/marked", params={"max": 10})

    assert (answer.status_code, answer.headers["x-own"]) == (203, "yes")
    assert answer.text == "9 ['a', 'b']"
    assert beyond.status_code == 400


async def test_head_is_answered_as_get_is_without_the_body() -> None:
    async with serving(bank()) as http:
        await http.post("/accounts/a", params={"owner": "ann"})
        whole = await http.get("/accounts/a")
        head = await http.head("/accounts/a")
        missing = await http.head("/accounts/b")
        health = await http.head("/-/health")
        wrong = await http.head("/accounts/a/deposits")

    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-type", "content-length"):
        assert head.headers[name] == whole.headers[name]
    assert (missing.status_code, missing.content, health.status_code, wrong.status_code) == (
        404,
        b"",
        200,
        405,
    )


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "FOO", "CONNECT"])
async def test_a_method_that_no_address_takes_is_told_which_it_takes(method: str) -> None:
    async with serving(bank()) as http:
        answers = [
            await http.request(method, "/accounts/a", headers=headers)
            for headers in ({}, {"Actum-Position": "odd"}, {"If-Match": "odd"})
        ]
        lost = await http.get("/nowhere", headers={"Actum-Position": "odd"})
        head = await http.head("/accounts/a", headers={"Actum-Position": "odd"})

    for answer in answers:
        assert answer.status_code == 405
        assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST", "OPTIONS"}
        assert answer.headers["content-type"] == "application/problem+json"
    assert (lost.status_code, head.status_code) == (404, 400)


async def test_options_of_the_server_as_a_whole_tells_which_methods_there_are() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "OPTIONS", "path": "*", "headers": [], "query_string": b""}
    await bank().asgi("memory:")(scope, receive, send)

    allowed = dict(sent[0]["headers"])[b"allow"].decode()
    assert sent[0]["status"] == 204
    assert allowed == "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"


async def test_requests_are_answered_side_by_side_each_with_its_own_context() -> None:
    async with serving(bank()) as http:
        answers = await asyncio.gather(
            *(
                http.post(
                    f"/accounts/{number % 7}/deposits",
                    json={"amount": 2},
                    headers={"X-Correlation-ID": f"c-{number}"},
                )
                for number in range(100)
            )
        )
        total = await http.get("/total", headers={"Actum-Position": "100"})

    assert [answer.headers["x-correlation-id"] for answer in answers] == [f"c-{n}" for n in range(100)]
    assert sorted(int(answer.headers["actum-position"]) for answer in answers) == list(range(1, 101))
    assert total.json() == 200


async def test_a_body_that_is_too_large_is_refused_unless_the_action_allows_it() -> None:
    group = Actions()

    @group.post("/large", request_max_body_size=11_000_000)
    async def take(data: list[str]) -> int:
        return len(data[0])

    @group.post("/small")
    async def refuse(data: list[str]) -> int:
        return len(data[0])

    body = b'["' + b"x" * 10_000_001 + b'"]'
    async with serving(bank(group)) as http:
        taken = await http.post("/large", content=body)
        refused = await http.post("/small", content=body)

    assert taken.json() == 10_000_001
    assert (refused.status_code, refused.json()["title"]) == (413, "Content Too Large")


def test_the_function_itself_stays_as_it_was_written() -> None:
    assert [bound.function.__name__ for bound in teller.bound] == [
        "open_account",
        "show_balance",
        "deposit",
        "total",
    ]


class Payment(Struct):
    amount: int
    is_forwarded: bool = False


Event_ = Deposited | Opened
