"""Sessions: how they begin and end, and that no other site can use them."""

import base64
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from litestar import Request
from msgspec import Struct

from actum import Actions, App, Context
from actum.access import Access, Sessions, anyone, has_role, sign_in, sign_out, signed_in
from actum.runtime.access.session_data import principal_in
from actum.runtime.clock import SystemClock
from tests.access.callers import AS_CLERK, KEYS
from tests.http.bank import Account
from tests.http.serving import Server

SECRET = "a-secret-of-32-bytes-for-sessions-of-tests"
COOKIE, CSRF = "__Host-session", "__Host-csrftoken"

web = Actions()


class Password(Struct):
    name: str
    password: str


@web.post("/session", status_code=204)
async def begin(request: Request, data: Password) -> None:
    if data.password == "right":
        sign_in(request, data.name, roles=["customer"], claims={"city": "Graz"})


@web.delete("/session")
async def end(request: Request) -> None:
    sign_out(request)


@web.get("/me")
async def me(ctx: Context) -> list[str]:
    return [ctx.by, *ctx.principal.roles, *ctx.principal.claims.values()]


@web.post("/deposits")
async def deposit(ctx: Context) -> int:
    return await ctx.entity(Account, ctx.by).deposit(5)


RULES = {
    begin: anyone,
    end: signed_in,
    me: signed_in,
    deposit: signed_in,
    Account: has_role("customer", "clerk"),
}


def shop(**options: object) -> App:
    access = Access(KEYS, Sessions(SECRET, **options), rules=RULES)  # type: ignore[arg-type]
    return App("shop", entities=[Account], actions=[web], access=access)


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    """A client that keeps cookies, over what it takes for TLS."""
    asgi = shop().asgi("memory:")
    server = Server(asgi)
    await server.start()
    transport = httpx.ASGITransport(asgi, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://shop") as http:
        yield http
    await server.stop()


async def csrf(browser: httpx.AsyncClient) -> dict[str, str]:
    """The header that a page of the application sends."""
    await browser.get("/-/health")
    return {"x-csrftoken": browser.cookies[CSRF]}


async def signed(browser: httpx.AsyncClient, password: str = "right") -> httpx.Response:
    body = {"name": "ann", "password": password}
    return await browser.post("/session", json=body, headers=await csrf(browser))


async def test_whoever_signs_in_is_known_until_the_session_ends(browser: httpx.AsyncClient) -> None:
    before = await browser.get("/me")
    begun = await signed(browser)
    during = await browser.get("/me")
    ended = await browser.delete("/session", headers=await csrf(browser))
    after = await browser.get("/me")

    assert [each.status_code for each in (before, begun, during, ended, after)] == [401, 204, 200, 204, 401]
    assert during.json() == ["ann", "customer", "Graz"]
    assert "Cookie" in before.headers["WWW-Authenticate"]


async def test_a_wrong_password_begins_no_session(browser: httpx.AsyncClient) -> None:
    await signed(browser, "wrong")

    assert COOKIE not in browser.cookies


async def test_cookies_are_kept_from_scripts_from_other_sites_and_from_plain_connections(
    browser: httpx.AsyncClient,
) -> None:
    begun = await signed(browser)

    session = next(each for each in begun.headers.get_list("set-cookie") if each.startswith(COOKIE)).lower()
    assert {"httponly", "secure", "samesite=lax", "path=/"} <= set(session.split("; "))
    assert "domain" not in session


async def test_a_request_that_another_site_forges_is_refused(browser: httpx.AsyncClient) -> None:
    """A browser sends the cookies of a session by itself, and no site can read the token for the header."""
    await signed(browser)
    good = await csrf(browser)

    without = await browser.post("/deposits")
    made_up = await browser.post("/deposits", headers={"x-csrftoken": "0" * 128})
    right = await browser.post("/deposits", headers=good)

    assert [each.status_code for each in (without, made_up, right)] == [403, 403, 201]
    assert right.json() == 5


async def test_nobody_is_signed_in_by_another_site(browser: httpx.AsyncClient) -> None:
    assert (await browser.post("/session", json={"name": "eve", "password": "right"})).status_code == 403


async def test_a_program_with_a_key_needs_no_token_of_a_page(browser: httpx.AsyncClient) -> None:
    """Also beside a session: the key says who it is."""
    await signed(browser)

    assert (await browser.post("/deposits", headers=AS_CLERK)).json() == 5
    assert (await browser.get("/me", headers=AS_CLERK)).json() == ["till", "clerk"]


def changed(cookie: str) -> str:
    return ("A" if cookie[0] != "A" else "B") + cookie[1:]


async def test_a_cookie_that_cannot_be_read_is_no_session(browser: httpx.AsyncClient) -> None:
    await signed(browser)
    cookie = browser.cookies[COOKIE].strip('"')
    tampered = base64.b64encode(b"0" * 12 + b"additional_authenticated_data={}").decode()
    garbled = base64.b64encode(b"0" * 12 + b"additional_authenticated_data=x").decode()

    for sent in (changed(cookie), cookie[:-20], "null", "", "x", tampered, garbled, "=" * 9):
        browser.cookies.clear()
        answer = await browser.get("/me", headers={"Cookie": f"{COOKIE}={sent}"})
        assert answer.status_code == 401, sent


async def test_a_session_ends_some_time_after_it_began_however_often_it_is_used(
    browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each answer renews the cookie, so that the time is in the session itself."""
    await signed(browser)
    now = SystemClock.now
    monkeypatch.setattr(
        SystemClock, "now", lambda clock: now(clock) + timedelta(hours=11) // timedelta(microseconds=1)
    )
    assert (await browser.get("/me")).status_code == 200

    monkeypatch.setattr(
        SystemClock, "now", lambda clock: now(clock) + timedelta(hours=13) // timedelta(microseconds=1)
    )
    assert (await browser.get("/me")).status_code == 401


async def test_what_an_author_keeps_in_a_session_names_nobody(browser: httpx.AsyncClient) -> None:
    """Only sign_in does."""
    for session in ({}, {"actum": "ann"}, {"actum": {"id": "ann"}}, None, {"user": "ann"}):
        assert principal_in(session, now=1, max_age=10) is None


async def test_the_answer_to_a_request_with_a_key_is_kept_without_its_cookies(
    browser: httpx.AsyncClient,
) -> None:
    await signed(browser)
    headers = await csrf(browser) | {"Idempotency-Key": "k"}

    first = await browser.post("/deposits", headers=headers)
    again = await browser.post("/deposits", headers=headers)

    assert (first.json(), again.json()) == (5, 5)
    assert len(again.headers.get_list("set-cookie")) <= 1
