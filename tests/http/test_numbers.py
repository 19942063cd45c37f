"""NaN and infinity in answers: refused, for JSON would make null of them, which is no number."""

import dataclasses
import math
from typing import Any

import pytest
from litestar import Response
from msgspec import Struct

from actum import Actions, App, Context
from tests.http.serving import serving


class Reading(Struct):
    value: float | None
    note: str = ""


@dataclasses.dataclass
class Box:
    width: float


actions = Actions()
given: list[Any] = []


@actions.get("/number")
async def number(ctx: Context) -> float:
    return given[-1]


@actions.get("/readings")
async def readings(ctx: Context) -> list[Reading]:
    return [Reading(0.5), Reading(given[-1], "null")]


@actions.get("/anything")
async def anything(ctx: Context) -> dict[str, Any]:
    return {"a": [{"b": given[-1]}], "c": None}


@actions.get("/response")
async def response(ctx: Context) -> Response[Reading]:
    return Response(Reading(given[-1]))


@actions.get("/box")
async def box(ctx: Context) -> Response[Box]:
    return Response(Box(given[-1]), status_code=203)


PATHS = ["/number", "/readings", "/anything", "/response", "/box"]
app = App("numbers", actions=[actions])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("path", PATHS)
async def test_an_answer_that_json_cannot_hold_is_not_sent_as_null(
    path: str, value: float, caplog: pytest.LogCaptureFixture
) -> None:
    given.append(value)
    async with serving(app) as http:
        answer = await http.get(path)

    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "the answer has NaN or infinity in it" in caplog.text


@pytest.mark.parametrize("path", PATHS)
async def test_numbers_and_none_are_answered_as_ever(path: str) -> None:
    given.append(1e308)
    async with serving(app) as http:
        answer = await http.get(path)

    assert answer.status_code == (203 if path == "/box" else 200)
    assert "1e308" in answer.text or "1e+308" in answer.text
