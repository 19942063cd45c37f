"""How errors are told: each by its status, as a problem document, and nothing of the inside."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from litestar.di import Provide
from litestar.exceptions import HTTPException, ImproperlyConfiguredException
from msgspec import Struct

from actum import (
    Actions,
    Conflict,
    Context,
    Invalid,
    KeyReused,
    NotFound,
    Overloaded,
    Rejected,
    Taken,
    Unavailable,
    WrongVersion,
)
from actum.app import definition_of
from actum.errors import ForeignStore, StoreFailed, WrongReply
from actum.http.server import HttpApp
from actum.runtime.context.context import session_of
from actum.runtime.services import Services
from actum.stores.postgres.connection.errors import translate
from tests.http.bank import Account, bank
from tests.http.serving import client_of, serving

PROBLEM = "application/problem+json"


def failing(error: Exception) -> Actions:
    """An action that fails."""
    group = Actions()

    @group.get("/fails")
    async def fail(ctx: Context) -> None:
        raise error

    return group


async def answer_to(error: Exception) -> Any:
    async with serving(bank(failing(error))) as http:
        return await http.get("/fails", headers={"X-Correlation-ID": "c-3"})


@pytest.mark.parametrize(
    ("error", "status", "name", "members"),
    [
        (Invalid("no such day"), 400, "invalid", {}),
        (Invalid("no such day", field="day"), 400, "invalid", {"field": "day"}),
        (NotFound("no account 'z'"), 404, "not-found", {}),
        (Conflict("others were first"), 409, "conflict", {}),
        (WrongVersion("Account/a", expected=3, actual=4), 412, "wrong-version", {"expected": 3, "actual": 4}),
        (Rejected("no"), 422, "rejected", {"code": "rejected"}),
        (Taken("User/b", "email"), 409, "taken", {"code": "taken", "field": "email"}),
        (Rejected("no", code="too_poor", balance=6), 422, "rejected", {"code": "too_poor", "balance": 6}),
        (KeyReused("k-1", "Account/a"), 422, "key-reused", {"code": "key-reused", "key": "k-1"}),
        (Overloaded("1,024 wait already"), 503, "overloaded", {}),
        (Unavailable("the view is behind"), 503, "unavailable", {}),
        (Unavailable("lost", is_outcome_unknown=True), 503, "unavailable", {"outcome": "unknown"}),
        (StoreFailed("a sync failed"), 503, "unavailable", {}),
    ],
)
async def test_an_error_is_a_problem_with_its_status_type_and_facts(
    error: Exception, status: int, name: str, members: dict[str, Any]
) -> None:
    answer = await answer_to(error)

    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    assert problem.pop("title")
    assert problem == {
        "type": f"urn:actum:problem:{name}",
        "status": status,
        "detail": str(error),
        "instance": "urn:actum:request:c-3",
        **members,
    }


async def test_why_the_code_cannot_answer_is_for_its_author_alone(caplog: pytest.LogCaptureFixture) -> None:
    """A reducer's own error, which may hold anybody's data, is in the log and not in the answer."""
    error = Unavailable("the view stands still", inside="KeyError('ann')")

    answer = await answer_to(error)

    assert (answer.status_code, answer.json()["detail"]) == (503, "the view stands still")
    assert "the view stands still: KeyError('ann')" in caplog.text


@pytest.mark.parametrize(("wait", "header"), [(0.2, "1"), (1.0, "1"), (4.1, "5")])
async def test_whoever_is_to_come_back_later_is_told_when_in_whole_seconds(wait: float, header: str) -> None:
    error = Overloaded("too much to do")
    error.retry_after = wait

    answer = await answer_to(error)

    assert answer.headers["retry-after"] == header


async def test_a_fact_never_takes_the_place_of_a_standard_member() -> None:
    answer = await answer_to(Rejected("closed", code="closed", status="closed", type="shop", since=1999))

    assert answer.json()["status"] == 422
    assert answer.json()["type"] == "urn:actum:problem:rejected"
    assert answer.json()["since"] == 1999
    assert answer.json()["facts"] == {"status": "closed", "type": "shop"}


async def test_a_fact_that_json_cannot_hold_is_told_as_text() -> None:
    class Odd:
        def __str__(self) -> str:
            return "odd"

    answer = await answer_to(Rejected("no", price=Decimal("9.50"), thing=Odd()))

    assert (answer.json()["price"], answer.json()["thing"]) == ("9.50", "odd")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("secret of the inside"),
        WrongReply("secret of the inside"),
        ForeignStore("secret of the inside"),
        ImproperlyConfiguredException("secret of the inside"),
        KeyError("secret of the inside"),
    ],
)
async def test_any_other_error_is_told_to_the_log_and_not_to_the_client(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await answer_to(error)

    assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    [record] = [record for record in caplog.records if record.name == "actum.http"]
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("GET /fails failed (c-3)")
    assert record.exc_info is not None
    assert record.exc_info[1] is error


async def test_what_the_caller_did_wrong_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    await answer_to(Rejected("no"))

    assert not [record for record in caplog.records if record.name == "actum.http"]


async def test_a_store_that_does_not_answer_is_logged_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    await answer_to(Unavailable("the journal did not answer"))

    [record] = [record for record in caplog.records if record.name == "actum.http"]
    assert record.getMessage() == "GET /fails: the journal did not answer (c-3)"
    assert (record.levelno, record.exc_info) == (logging.WARNING, None)


async def test_a_correlation_id_cannot_break_out_of_the_instance() -> None:
    async with serving(bank(failing(Rejected("no")))) as http:
        answer = await http.get("/fails", headers={"X-Correlation-ID": "a/b?c#d%"})

    assert answer.json()["instance"] == "urn:actum:request:a%2Fb%3Fc%23d%25"


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "amount", "missing required field"),
        ({"amount": 0}, "amount", "Expected `int` >= 1"),
        ({"amount": "many"}, "amount", "Expected `int`"),
        ({"amount": 5, "note": 6}, "note", "Expected `str`"),
    ],
)
async def test_a_body_that_does_not_fit_names_its_field(body: Any, field: str, message: str) -> None:
    async with serving(bank()) as http:
        answer = await http.post("/accounts/a/deposits", json=body)

    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (400, PROBLEM)
    assert (problem["type"], problem["field"]) == ("urn:actum:problem:invalid", field)
    assert message in problem["detail"]
    assert [error["field"] for error in problem["errors"]] == [field]
    assert problem["errors"][0]["source"] == "body"


@pytest.mark.parametrize("body", [b"{", b"", b"\xff\xfe", b"[1, 2]", b"null", b'"text"'])
async def test_a_body_that_cannot_be_read_is_a_problem(body: bytes) -> None:
    async with serving(bank()) as http:
        answer = await http.post("/accounts/a/deposits", content=body)

    assert (answer.status_code, answer.headers["content-type"]) == (400, PROBLEM)
    assert answer.json()["type"] == "urn:actum:problem:invalid"
    assert "data" not in str(answer.json().get("field"))


@pytest.mark.parametrize(
    ("path", "field"), [("/total?least=0", "least"), ("/total?least=x", "least"), ("/total?least=", "least")]
)
async def test_a_query_parameter_that_does_not_fit_is_named(path: str, field: str) -> None:
    async with serving(bank()) as http:
        answer = await http.get(path)

    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert answer.json()["errors"][0]["source"] == "query"


async def test_a_query_parameter_that_is_missing_is_named() -> None:
    async with serving(bank()) as http:
        answer = await http.post("/accounts/a")

    assert (answer.status_code, answer.json()["field"]) == (400, "owner")


async def test_all_that_does_not_fit_is_told_at_once() -> None:
    group = Actions()

    @group.post("/two")
    async def two(data: Pair, most: int) -> None: ...

    async with serving(bank(group)) as http:
        answer = await http.post("/two", params={"most": "x"}, json={"left": "y", "right": 1})

    assert {error["field"] for error in answer.json()["errors"]} == {"left", "most"}
    assert "field" not in answer.json()


async def test_an_unknown_address_and_a_wrong_method_are_problems() -> None:
    async with serving(bank()) as http:
        nowhere = await http.get("/nowhere")
        wrong = await http.put("/accounts/a")

    assert (nowhere.status_code, nowhere.headers["content-type"]) == (404, PROBLEM)
    assert (nowhere.json()["type"], nowhere.json()["title"]) == ("about:blank", "Not Found")
    assert (wrong.status_code, wrong.headers["content-type"]) == (405, PROBLEM)
    assert set(wrong.headers["allow"].split(", ")) == {"GET", "HEAD", "POST", "OPTIONS"}


async def test_an_author_may_raise_an_http_exception_with_headers_and_members() -> None:
    error = HTTPException(
        "brewing", status_code=418, headers={"X-Pot": "tea"}, extra={"minutes": 4, "status": 1}
    )

    answer = await answer_to(error)

    problem = answer.json()
    assert (answer.status_code, answer.headers["x-pot"]) == (418, "tea")
    assert (problem["title"], problem["detail"]) == ("I'm a Teapot", "brewing")
    assert (problem["minutes"], problem["status"], problem["facts"]) == (4, 418, {"status": 1})


async def test_an_author_may_raise_a_status_that_has_no_name() -> None:
    answer = await answer_to(HTTPException("odd", status_code=499))

    assert (answer.status_code, answer.json()["title"], answer.json()["detail"]) == (499, "Error", "odd")


async def test_an_error_in_a_dependency_or_a_command_is_told_as_one_in_the_action() -> None:
    async def refuse() -> int:
        raise Rejected("not you", code="banned")

    group = Actions()

    @group.get("/dependent", dependencies={"number": Provide(refuse)})
    async def dependent(number: int) -> int:
        return number

    @group.get("/nameless")
    async def nameless(ctx: Context) -> int:
        return await ctx.entity(Account, "").current_balance()

    async with serving(bank(group)) as http:
        await http.post("/accounts/a", params={"owner": "ann"})
        dependency = await http.get("/dependent")
        command = await http.post("/accounts/a", params={"owner": "bob"})
        id_missing = await http.get("/nameless")

    assert (dependency.status_code, dependency.json()["code"]) == (422, "banned")
    assert (command.status_code, command.json()["code"], command.json()["owner"]) == (
        422,
        "already_open",
        "ann",
    )
    assert (id_missing.status_code, id_missing.json()["field"]) == (400, "id")


@pytest.mark.parametrize(
    "failure",
    [
        asyncpg.CannotConnectNowError("server at 10.0.0.7 is starting up"),
        OSError("10.0.0.7:5432 refused"),
        asyncpg.DiskFullError("base/16384 on 10.0.0.7"),
    ],
)
async def test_where_the_stores_are_is_told_to_the_log_alone(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        error = translate(failure, "postgresql://10.0.0.7/bank")
        assert isinstance(error, Unavailable)
        # As where an adapter raises it.
        exec("raise error", {"__name__": "actum.stores.postgres.connection.pool", "error": error})

    group = Actions()

    @group.get("/store")
    async def ask() -> None:
        fail()

    async with serving(bank(group)) as http:
        answer = await http.get("/store")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "10.0.0.7" not in answer.text
    assert "10.0.0.7" in caplog.text


async def test_a_journal_that_is_gone_is_not_named_to_clients(tmp_path: Path) -> None:
    app = bank()
    async with app.running(f"sqlite:///{tmp_path}/bank.db") as ctx:
        services = session_of(ctx).services

        @asynccontextmanager
        async def open_services() -> AsyncIterator[Services]:
            yield services

        asgi = HttpApp(definition_of(app), open_services)
        async with client_of(asgi) as http:
            assert (await http.post("/accounts/a", params={"owner": "ann"})).status_code == 201
            await services.journal.close()
            answer = await http.post("/accounts/b", params={"owner": "ann"})
        await asgi.close()

    assert answer.status_code == 503
    assert "bank.db" not in answer.text


@pytest.mark.parametrize(
    ("raised", "where"),
    [
        *((SystemExit, where) for where in ("action", "guard", "dependency")),
        *((lambda: BaseExceptionGroup("x", [SystemExit()]), where) for where in ("action", "guard")),
        (GeneratorExit, "action"),
    ],
)
async def test_an_error_that_is_no_exception_is_the_authors_mistake_and_ends_nothing(
    raised: Callable[[], BaseException], where: str
) -> None:
    def fail(*_: Any) -> None:
        raise raised()

    group = Actions()
    guards, dependencies = {"guards": [fail]}, {"dependencies": {"x": Provide(fail, sync_to_thread=False)}}
    options: Any = {"guard": guards, "dependency": dependencies}.get(where, {})

    @group.get("/odd", **options)
    async def odd(scope: Any) -> None:
        fail()

    async with serving(bank(group)) as http:
        answer = await http.get("/odd")
        total = await http.get("/total")

    assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)
    assert total.status_code == 200


async def test_a_key_that_stands_for_another_request_is_refused() -> None:
    async with serving(bank()) as http:
        await http.post("/accounts/a/deposits", json={"amount": 5}, headers={"Idempotency-Key": "k"})

        answer = await http.post("/accounts/a/deposits", json={"amount": 6}, headers={"Idempotency-Key": "k"})

    assert (answer.status_code, answer.json()["type"]) == (422, "urn:actum:problem:key-reused")


async def test_an_answer_that_json_cannot_hold_is_the_authors_mistake() -> None:
    group = Actions()

    @group.get("/odd")
    async def odd() -> Any:
        return object()

    async with serving(bank(group)) as http:
        answer = await http.get("/odd")

    assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)


class Pair(Struct):
    left: int
    right: int


async def test_an_action_that_is_cancelled_from_within_is_answered_with_a_problem() -> None:
    """What it waited for was cancelled, and not the request."""
    answer = await answer_to(asyncio.CancelledError())  # type: ignore[arg-type]

    assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)


async def test_a_body_that_is_nested_without_end_is_the_callers_mistake(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is refused in a word, and fills no log."""
    deep = b'{"amount": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    async with serving(bank()) as http:
        answer = await http.post("/accounts/a/deposits", content=deep)

    assert (answer.status_code, answer.json()["detail"]) == (400, "the body is nested too deeply")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


class Untold(Exception):
    def __str__(self) -> str:
        return f"failed with {self.cod}"  # type: ignore[attr-defined]

    __repr__ = __str__


class Panic(BaseException):
    """As libraries written in Rust raise it."""


class UntoldRejection(Rejected):
    __str__ = Untold.__str__


ODD: list[Any] = [
    lambda: SystemExit("usage"),
    KeyboardInterrupt,
    GeneratorExit,
    asyncio.CancelledError,
    Panic,
    lambda: BaseExceptionGroup("g", [SystemExit(1)]),
    StopAsyncIteration,
    Untold,
    lambda: ValueError("\ud800"),
]


@pytest.mark.parametrize("make", ODD)
@pytest.mark.parametrize("place", ["handler", "guard", "dependency", "task"])
async def test_whatever_a_request_raises_is_answered_as_a_problem(
    make: Callable[[], BaseException], place: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The client gets a 500 and the log says why; the next request is served."""
    if make is GeneratorExit and place in ("guard", "task"):
        pytest.skip("what ends in it in another task or thread closes the server's own coroutine too")
    group = Actions()

    def fail(*_: Any) -> None:
        raise make()

    async def fail_in_a_task() -> None:
        fail()

    async def depend() -> int:
        return fail() or 1

    @group.get("/handler")
    async def handle(ctx: Context) -> None:
        fail()

    @group.get("/guard", guards=[fail])
    async def guard(ctx: Context) -> None: ...

    @group.get("/dependency", dependencies={"one": Provide(depend)})
    async def inject(ctx: Context, one: int) -> None: ...

    @group.get("/task")
    async def start(ctx: Context) -> None:
        await asyncio.gather(fail_in_a_task())

    async with serving(bank(group)) as http:
        answer = await http.get(f"/{place}", headers={"X-Correlation-ID": "c-3"})
        health = await http.get("/-/health")

    assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)
    assert answer.headers["x-correlation-id"] == "c-3"
    assert answer.json()["instance"] == "urn:actum:request:c-3"
    assert health.status_code == 200
    assert any(record.name == "actum.http" and "c-3" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    ("error", "detail", "members"),
    [
        (Rejected("half \ud83d"), "half \\ud83d", {"code": "rejected"}),
        (UntoldRejection("x"), "(its text cannot be shown, because __str__ raised AttributeError)", {}),
        (Rejected("no", code="c", who="a\ud800", left=3), "no", {"code": "c", "who": "a\\ud800", "left": 3}),
        (
            Rejected("no", why=Untold()),
            "no",
            {"why": "(its text cannot be shown, because __str__ raised AttributeError)"},
        ),
    ],
)
async def test_a_refusal_that_cannot_be_written_as_it_is_is_told_as_far_as_it_can(
    error: Exception, detail: str, members: dict[str, Any]
) -> None:
    """Its status stands, and what can be told is; the rest is in escapes."""
    answer = await answer_to(error)

    assert answer.status_code == 422
    problem = answer.json()
    assert problem["detail"] == detail
    assert {name: problem[name] for name in members} == members
