"""The short way of sending an answer sends what Litestar's own way would."""

import asyncio
from datetime import date
from typing import Any

import pytest
from litestar import Request, Response
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import Cookie
from msgspec import Struct

from actum.http.plain_response import PlainAnswer, PlainResponse


class Point(Struct):
    x: int
    on: date


class Odd:
    """What msgspec cannot write."""


SCOPE: dict[str, Any] = {"type": "http", "headers": [], "method": "GET", "path": "/", "query_string": b""}
PLAIN: list[dict[str, Any]] = [
    {"content": 7, "media_type": "application/json"},
    {"content": None, "media_type": "application/json", "status_code": 201},
    {"content": Point(1, date(2026, 2, 3)), "media_type": "application/json"},
    {"content": {"é": [1.5]}, "media_type": "application/problem+json", "status_code": 418},
    {"content": "é", "media_type": "text/plain"},
    {"content": b"\x00\xff", "media_type": "image/png"},
    {"content": {"a": 1}, "media_type": "application/x-msgpack"},
    {"content": Odd(), "media_type": "application/json", "type_encoders": {Odd: lambda _: "odd"}},
]
OTHERS: list[dict[str, Any]] = [
    {"content": None, "media_type": "application/json", "status_code": 204},
    {"content": 7, "media_type": None},
    {"content": 7, "media_type": "application/json", "headers": {"x-of": "the answer"}},
    {"content": 7, "media_type": "application/json", "cookies": {"a": "b"}},
    {"content": 7, "media_type": "application/json", "background": BackgroundTask(asyncio.sleep, 0)},
]


async def sent(response: Response[Any], **options: Any) -> tuple[list[Any], bool]:
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(dict(message))

    async def receive() -> Any:
        raise AssertionError("nothing is received")

    answer = response.to_asgi_response(None, Request(SCOPE), **options)  # type: ignore[arg-type]
    await answer(SCOPE, receive, send)  # type: ignore[arg-type]
    return messages, isinstance(answer, PlainAnswer)


@pytest.mark.parametrize("options", PLAIN)
async def test_a_plain_answer_goes_the_short_way_and_is_the_same(options: dict[str, Any]) -> None:
    ours, is_short = await sent(PlainResponse(**options), headers={}, cookies=frozenset())
    theirs, _ = await sent(Response(**options), headers={}, cookies=frozenset())
    assert ours == theirs
    assert is_short


@pytest.mark.parametrize("options", OTHERS)
async def test_an_answer_that_brings_more_goes_the_way_of_litestar(options: dict[str, Any]) -> None:
    ours, is_short = await sent(PlainResponse(**options))
    theirs, _ = await sent(Response(**options))
    assert ours == theirs
    assert not is_short


async def test_headers_and_cookies_of_a_route_are_sent() -> None:
    more: dict[str, Any] = {"headers": {"x-of": "the route"}, "cookies": [Cookie("a", value="b")]}
    ours, is_short = await sent(PlainResponse(7, media_type="application/json"), **more)
    theirs, _ = await sent(Response(7, media_type="application/json"), **more)
    assert ours == theirs
    assert not is_short


async def test_a_value_that_cannot_be_written_is_the_same_error() -> None:
    with pytest.raises(Exception, match="Unsupported type") as ours:
        await sent(PlainResponse(Odd(), media_type="application/json"))
    with pytest.raises(Exception, match="Unsupported type") as theirs:
        await sent(Response(Odd(), media_type="application/json"))
    assert type(ours.value) is type(theirs.value)
