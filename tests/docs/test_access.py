"""The page about access: its four applications run, and let in whom the page says."""

import os
import re
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import jwt
import pytest

from tests.http.serving import Server

PAGE = (Path(__file__).parents[2] / "docs" / "access.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
TILL, WEB = "a-key-for-the-till-of-the-tests", "a-key-for-the-web-shop-of-tests"
WAREHOUSE = "a-key-for-the-warehouse-of-tests"
SECRET = "a-secret-of-more-than-32-bytes-for-the-page"


@pytest.fixture
def examples(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[Any]]:
    """The applications of the page: with keys, with tokens, with both, with sessions."""
    for name, value in (
        ("ORDERS_TILL_KEY", TILL),
        ("ORDERS_WEB_KEY", WEB),
        ("BANK_TOKEN_SECRET", SECRET),
        ("SHOP_TOKEN_SECRET", SECRET),
        ("SHOP_WAREHOUSE_KEY", WAREHOUSE),
        ("NOTES_SESSION_SECRET", SECRET),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(tmp_path))
    loaded: list[ModuleType] = []
    for number, code in enumerate(EXAMPLES):
        (tmp_path / f"access_{os.getpid()}_{number}.py").write_text(code)
        loaded.append(__import__(f"access_{os.getpid()}_{number}"))
    yield loaded
    for module in loaded:
        del sys.modules[module.__name__]


def bearing(subject: str, *roles: str, audience: str = "bank") -> dict[str, str]:
    claims = {"sub": subject, "roles": roles, "exp": int(time.time()) + 60}
    token = jwt.encode({**claims, "iss": "https://id.example.org", "aud": audience}, SECRET, "HS256")
    return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Serves an application over what a browser takes for TLS."""
    asgi = app.asgi("memory:")
    server = Server(asgi)
    assert (await server.start())["type"] == "lifespan.startup.complete"
    transport = httpx.ASGITransport(asgi, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://example") as http:
        yield http
    await server.stop()


def test_the_page_has_four_applications() -> None:
    assert [code.count("app = App(") for code in EXAMPLES] == [1, 1, 1, 1]


async def test_the_one_with_keys_knows_its_programs(examples: list[Any]) -> None:
    web, till = {"X-API-Key": WEB}, {"X-API-Key": TILL}
    async with serving(examples[0].app) as http:
        answers = [
            await http.post("/orders/web-17/place", json={"item": "apple"}),
            await http.post("/orders/web-17/place", json={"item": "apple"}, headers=web),
            await http.post("/orders/web-17/place", json={"item": "apple"}, headers=till),
            await http.post("/orders/web-17/cancel", headers=web),
            await http.post("/orders/web-17/cancel", headers=till),
            await http.get("/orders/web-17/ordered-item", headers=web),
            await http.get("/schema", headers=web),
            await http.get("/schema", headers=till),
        ]

    assert [each.status_code for each in answers] == [401, 201, 403, 403, 204, 200, 403, 200]


async def test_the_one_with_tokens_knows_whom_the_issuer_names(examples: list[Any]) -> None:
    async with serving(examples[1].app) as http:
        answers = [
            await http.post("/accounts/ann/deposit", json={"amount": 5}, headers=bearing("ann")),
            await http.post("/accounts/ann/deposit", json={"amount": 5}, headers=bearing("bob", "clerk")),
            await http.get("/accounts/ann", headers=bearing("bob", "clerk")),
            await http.get("/accounts/ann", headers=bearing("eve")),
            await http.get("/me", headers=bearing("ann", "customer")),
        ]

    assert [each.status_code for each in answers] == [201, 403, 200, 403, 200]
    assert answers[-1].json() == ["ann", "customer"]


async def test_the_one_with_both_shows_each_customer_only_their_own(examples: list[Any]) -> None:
    ann, bob = (bearing(name, "customer", audience="shop") for name in ("ann", "bob"))
    staff = {"X-API-Key": WAREHOUSE}
    async with serving(examples[2].app) as http:
        placed = await http.post("/my/orders?item=apple", headers=ann)
        address = f"/my/orders/{placed.text}"
        position = {"Actum-Position": placed.headers["Actum-Position"]}
        answers = [
            placed,
            await http.get("/my/orders"),
            await http.get("/orders/of-customer?customer=ann", headers=bob),
            await http.get("/orders/to-pack", headers=bob),
            await http.get("/my/orders", headers=staff),
            await http.delete(address, headers=bob),
            await http.get("/-/ready"),
            await http.get("/schema", headers=staff),
        ]
        listed = [len((await http.get("/my/orders", headers=each | position)).json()) for each in (ann, bob)]
        packed = [len((await http.get("/orders/to-pack", headers=staff | position)).json())]
        answers.append(await http.delete(address, headers=ann))
        seen = staff | {"Actum-Position": answers[-1].headers["Actum-Position"]}
        packed.append(len((await http.get("/orders/to-pack", headers=seen)).json()))

    assert [each.status_code for each in answers] == [201, 401, 404, 403, 403, 404, 200, 403, 204]
    assert (listed, packed) == ([1, 0], [1, 0])


async def test_the_one_with_sessions_knows_whoever_signed_in(examples: list[Any]) -> None:
    notes = examples[3]
    async with serving(notes.app) as http:
        async with notes.app.running() as ctx:
            await ctx.entity(notes.Person, "ann").choose(b"salt", notes.stretched("open sesame", b"salt"))
        await http.get("/-/health")
        csrf = {"x-csrftoken": http.cookies["__Host-csrftoken"]}
        answers = [
            await http.post("/session", json={"name": "ann", "password": "wrong"}, headers=csrf),
            await http.post("/session", json={"name": "eve", "password": "wrong"}, headers=csrf),
            await http.get("/me"),
            await http.post("/session", json={"name": "ann", "password": "open sesame"}, headers=csrf),
            await http.get("/me"),
            await http.post("/people/ann/note", json={"text": "hello"}, headers=csrf),
            await http.post("/people/bob/note", json={"text": "hello"}, headers=csrf),
            await http.delete("/session", headers=csrf),
            await http.get("/me"),
        ]

    assert [each.status_code for each in answers] == [403, 403, 401, 204, 200, 200, 403, 204, 401]
