"""Mistakes in actions that requests set off: refused when the application is built, with a mend."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from litestar.params import FromPath
from msgspec import Struct

from actum import Actions, Context, DefinitionError
from tests.http.bank import Deposited, bank


class Order(Struct):
    amount: int


@dataclass
class Form:
    amount: int


class Mailer:
    pass


@asynccontextmanager
async def open_mailer() -> AsyncIterator[Mailer]:
    yield Mailer()


def message_of(group: Actions) -> str:
    with pytest.raises(DefinitionError) as caught:
        bank(group)
    return str(caught.value)


def test_two_actions_cannot_answer_the_same_request() -> None:
    group = Actions(path="/accounts")

    @group.get("/{number:str}/")
    async def show(number: str) -> None: ...

    assert message_of(group) == (
        "GET /accounts/{number:str} is answered by show_balance and by show: give one of them another path"
    )


def test_the_same_path_may_be_taken_with_another_method_or_another_ending() -> None:
    group = Actions()

    @group.delete("/accounts/{id:str}")
    async def close(id: str) -> None: ...

    @group.get("/accounts/{id:str}/history")
    async def history(id: str) -> None: ...

    bank(group)


def test_a_parameter_of_the_path_must_be_one_of_the_function() -> None:
    group = Actions(path="/{shelf:int}")

    @group.get("/books/{book:int}")
    async def show(shelf: int) -> None: ...

    assert message_of(group) == (
        "action show: its path /{shelf:int}/books/{book:int} has {book}, and the function has no "
        "parameter of that name: add it, or remove it from the path"
    )


def test_a_function_that_takes_the_request_itself_may_find_the_path_there() -> None:
    group = Actions()

    @group.get("/books/{book:int}")
    async def show(scope: Any) -> None: ...

    bank(group)


def test_a_parameter_marked_as_of_the_path_must_be_in_it() -> None:
    group = Actions()

    @group.get("/books")
    async def show(book: FromPath[int]) -> None: ...

    assert message_of(group) == (
        "action show: the parameter 'book' comes from the path, and /books has no {book}: add it there"
    )


@pytest.mark.parametrize("annotation", [Order, Form, Mailer, dict[str, int], Order | None, list[Order]])
def test_a_query_parameter_must_be_such_as_text_can_hold(annotation: Any) -> None:
    group = Actions()

    async def show(ctx: Context, thing: Any) -> None: ...

    show.__annotations__["thing"] = annotation
    group.post("/things")(show)

    message = message_of(group)
    assert message.startswith("action show: the parameter 'thing' is a ")
    assert message.endswith(
        "which a query string cannot hold: call it `data` if it is the request's body, or list what opens "
        "it in App(resources=[…]) if it is a resource"
    )


@pytest.mark.parametrize("annotation", [int, str | None, list[int], bool, Path, float | None, bytes])
def test_a_query_parameter_of_plain_values_is_taken(annotation: Any) -> None:
    group = Actions()

    async def show(ctx: Context, thing: Any) -> None: ...

    show.__annotations__["thing"] = annotation
    group.post("/things")(show)

    bank(group)


def test_a_function_that_requests_set_off_needs_no_event() -> None:
    group = Actions()

    @group.post("/notes")
    async def note(ctx: Context, event: Deposited) -> None: ...

    assert message_of(group) == (
        "action note: no request has the event that its parameter 'event' takes: give it a default, as in "
        "`event: Deposited | None = None`"
    )


def test_the_context_needs_its_annotation() -> None:
    group = Actions()

    async def bare(ctx) -> None: ...  # type: ignore[no-untyped-def]

    group.get("/bare")(bare)

    assert message_of(group) == (
        "action bare: the parameter 'ctx' has no annotation: say `ctx: Context` for the context, or the "
        "type that it takes"
    )


def test_the_contexts_name_is_for_the_context() -> None:
    group = Actions()

    @group.get("/odd")
    async def odd(ctx: int) -> None: ...

    assert (
        message_of(group)
        == "action odd: the parameter 'ctx' is a int: annotate it `ctx: Context`, or rename it"
    )


def test_an_answer_needs_its_type() -> None:
    group = Actions()

    async def mute(ctx: Context):  # type: ignore[no-untyped-def]
        return 1

    group.get("/mute")(mute)

    assert message_of(group) == "action mute has no return annotation: annotate what it returns, or `-> None`"


def test_an_action_is_async() -> None:
    group = Actions()

    @group.get("/plain")
    def plain(ctx: Context) -> None: ...

    assert "action plain is not async" in message_of(group)


def test_parameters_are_filled_by_name() -> None:
    group = Actions()

    @group.get("/all")
    async def take(*numbers: int) -> None: ...

    assert "a request fills parameters by name; write it without *, ** and /" in message_of(group)


@pytest.mark.parametrize("path", ["/-/health", "/-/", "/-", "-/mine"])
def test_actums_own_paths_are_not_to_be_taken(path: str) -> None:
    group = Actions()

    @group.get(path)
    async def mine() -> None: ...

    assert "paths under /-/ are Actum's own" in message_of(group)


def test_the_documentations_path_is_not_to_be_taken() -> None:
    group = Actions(path="schema")

    @group.get()
    async def mine() -> None: ...

    assert message_of(group) == (
        "action mine: /schema shows the documentation; choose another path, or move the documentation with "
        "App(docs=…)"
    )


def test_a_get_has_no_body() -> None:
    group = Actions()

    @group.get("/orders")
    async def order(data: Order) -> None: ...

    assert message_of(group) == (
        "action order: the parameter 'data' is the request's body, and a GET has none: use post, or rename it"
    )


def test_a_deletion_that_answers_says_its_status() -> None:
    group = Actions()

    @group.delete("/orders")
    async def drop() -> int:
        return 1

    message = message_of(group)
    assert "status code 204" in message
    assert ".drop should return a value, change the route handler status code" in message


def test_an_option_that_a_router_does_not_know_is_refused() -> None:
    group = Actions(path="/x", gard=[])

    assert message_of(group) == (
        "Actions(path='/x') has no option gard=: did you mean guards=?; values for guards and "
        "middleware go into opt={…}"
    )


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_an_option_that_a_handler_does_not_know_is_refused_and_leaves_no_route_open(method: str) -> None:
    group = Actions()

    async def show() -> None: ...

    getattr(group, method)("/secret", guard=[])(show)

    assert message_of(group).startswith(
        f"action show: @actions.{method} has no option guard=: did you mean guards=?"
    )


def test_an_option_like_no_other_is_told_what_there_is() -> None:
    group = Actions()

    @group.get("/x", quantum=1)
    async def show() -> None: ...

    assert "has no option quantum=: it takes after_request, " in message_of(group)


def test_what_a_guard_is_to_find_may_be_an_option_of_any_name() -> None:
    group = Actions(opt={"shelf": 1})

    @group.get("/x", opt={"guard": "me"})
    async def show() -> None: ...

    bank(group)


@pytest.mark.parametrize("path", ["/a/{id}", "/a/{id:word}", "/{id:int}/{id:int}"])
def test_a_path_that_cannot_be_read_is_refused(path: str) -> None:
    group = Actions()

    @group.get(path)
    async def show(id: int) -> None: ...

    assert "path" in message_of(group)
