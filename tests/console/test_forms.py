"""Forms: none is accepted from elsewhere, and whatever one does is recorded with who did it."""

import logging
import re
from typing import Any

import httpx
import pytest

from tests.console.opening import LOCAL, console_of, text_of, token_of
from tests.console.shop import app

REBUILD = "/-/console/views/orders/rebuild"
VIEW = "/-/console/views/orders"


async def test_a_form_with_the_sessions_token_does_something_and_says_so(
    busy: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    token = await token_of(busy, VIEW)

    with caplog.at_level(logging.INFO, "actum.console"):
        answer = await busy.post(REBUILD, data={"token": token})
    shown = await busy.get(answer.headers["location"])
    later = await busy.get(VIEW)

    assert answer.status_code == 303
    assert "View orders is being rebuilt." in text_of(shown)
    assert "View orders is being rebuilt." not in text_of(later)
    assert "local operator: rebuild view orders" in caplog.messages


@pytest.mark.parametrize("data", [{}, {"token": ""}, {"token": "0" * 64}, {"token": "é"}])
async def test_a_form_without_the_token_does_nothing(busy: httpx.AsyncClient, data: dict[str, str]) -> None:
    await token_of(busy, VIEW)

    answer = await busy.post(REBUILD, data=data)

    assert answer.status_code == (403 if data else 415)
    assert await is_untouched(busy)


async def test_the_token_of_another_session_does_nothing(busy: httpx.AsyncClient) -> None:
    token = await token_of(busy, VIEW)
    busy.cookies.clear()
    await busy.get(VIEW)

    answer = await busy.post(REBUILD, data={"token": token})

    assert answer.status_code == 403
    assert await is_untouched(busy)


async def test_a_token_of_another_store_does_nothing() -> None:
    """Who can set a cookie, but has no console of this application, cannot make a token for it."""
    session = {"actum-console": "a" * 32}
    async with console_of(app) as elsewhere:
        elsewhere.cookies.update(session)
        token = await token_of(elsewhere, VIEW)
    async with console_of(app) as client:
        client.cookies.update(session)

        answer = await client.post(REBUILD, data={"token": token})

        assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://localhost:3000"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_a_form_of_another_site_does_nothing_even_with_the_token(
    busy: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    token = await token_of(busy, VIEW)

    answer = await busy.post(REBUILD, data={"token": token}, headers=headers)

    assert answer.status_code == 403
    assert await is_untouched(busy)


async def test_a_form_of_this_site_is_accepted_by_its_origin(busy: httpx.AsyncClient) -> None:
    token = await token_of(busy, VIEW)
    headers = {"origin": LOCAL, "sec-fetch-site": "same-origin"}

    assert (await busy.post(REBUILD, data={"token": token}, headers=headers)).status_code == 303


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"token": "x"}', "application/json", 415),
        (b"token=x", "text/plain", 415),
        (b"token=%ff", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a%d=1" % number for number in range(2_000)), "application/x-www-form-urlencoded", 400),
        (b"a=" + b"x" * 2_000_000, "application/x-www-form-urlencoded", 413),
    ],
)
async def test_what_is_no_form_is_refused(
    busy: httpx.AsyncClient, content: bytes, kind: str, status: int
) -> None:
    answer = await busy.post(REBUILD, content=content, headers={"content-type": kind})

    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")


async def test_reading_a_page_that_does_something_does_nothing(busy: httpx.AsyncClient) -> None:
    assert (await busy.get(REBUILD)).status_code == 404 or (await busy.get(REBUILD)).status_code == 405
    assert await is_untouched(busy)


PAGES = ["map", "views", "views/orders", "views/nothing", "views/-/sql?sql=drop", "live", "store", "nowhere"]


@pytest.mark.parametrize("page", PAGES)
async def test_every_page_forbids_all_that_it_does_not_need(busy: httpx.AsyncClient, page: str) -> None:
    answer = await busy.get(f"/-/console/{page}")

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("page", PAGES)
async def test_no_page_holds_scripts_or_styles_or_names_another_host(
    busy: httpx.AsyncClient, page: str
) -> None:
    text = (await busy.get(f"/-/console/{page}")).text

    assert re.findall(r"<script(?![^>]*\bsrc=)", text) == []
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", text) == []
    assert re.findall(r"(?:src|href|action)=\"(?!/-/console|#)[^\"]*", text) == []


async def test_what_was_entered_is_shown_as_text(console: httpx.AsyncClient) -> None:
    attack = "<script>alert(1)</script>\"'"
    await console.post("/orders/x", params={"customer": attack, "amount": 3})

    pages: list[Any] = [
        await console.get("/-/console/live"),
        await console.get("/-/console/views/orders", params={"column": attack, "value": attack}),
        await console.get("/-/console/views/-/sql", params={"sql": attack}),
        await console.get(f"/-/console/{attack}"),
    ]

    assert all("<script>alert" not in page.text for page in pages)


async def is_untouched(client: httpx.AsyncClient) -> bool:
    """Whether no rebuild of the view was asked for."""
    return "rebuild" not in text_of(await client.get(VIEW)).replace("Rebuild", "").lower()
