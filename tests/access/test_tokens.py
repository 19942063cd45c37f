"""Tokens: which are valid, and with which keys."""

import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from actum import Actions, App, Context
from actum.access import Access, Jwt, anyone, signed_in
from actum.http.access import tokens as module
from actum.runtime.clock import SystemClock
from tests.access.callers import AUDIENCE, ISSUER, TOKENS, bearing, token
from tests.http.serving import serving

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
PEM = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
LEEWAY = 30

web = Actions()


@web.get("/me")
async def me(ctx: Context) -> list[str]:
    return [ctx.principal.id, *sorted(ctx.principal.roles)]


@web.get("/open")
async def open_to_all(ctx: Context) -> str:
    return ctx.by


def application(method: Jwt) -> App:
    return App("bank", actions=[web], access=Access(method, rules={me: signed_in, open_to_all: anyone}))


@pytest.fixture
async def guarded() -> AsyncIterator[httpx.AsyncClient]:
    async with serving(application(TOKENS)) as http:
        yield http


def unsigned() -> str:
    """A token of the algorithm `none`."""
    return jwt.encode(
        {"sub": "ann", "iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 60}, None, algorithm="none"
    )


def forged() -> str:
    """A token whose claims were changed after it was signed."""
    head, body, signature = token("ann").split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    changed = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "bob"}).encode()).decode().rstrip("=")
    return f"{head}.{changed}.{signature}"


REFUSED: dict[str, Callable[[], str]] = {
    "of no algorithm": unsigned,
    "changed after it was signed": forged,
    "of another secret": lambda: token(key="another-secret-of-more-than-32-bytes"),
    "of an algorithm that is not listed": lambda: token(algorithm="HS512"),
    "of a key pair": lambda: token(key=RSA, algorithm="RS256"),
    "expired": lambda: token(exp=int(time.time()) - LEEWAY - 5),
    "without an end": lambda: token(exp=None),
    "not valid yet": lambda: token(nbf=int(time.time()) + LEEWAY + 60),
    "of another issuer": lambda: token(iss="https://other.example.org"),
    "of no issuer": lambda: token(iss=None),
    "for another audience": lambda: token(aud="shop"),
    "for nobody": lambda: token(aud=None),
    "without a subject": lambda: token(sub=None),
    "with an empty subject": lambda: token(""),
    "whose subject cannot be stored": lambda: token("a\0b"),
    "whose subject is too long": lambda: token("a" * 2_000),
    "too long": lambda: token(more="a" * 16_000),
    "no token": lambda: "ann",
    "empty": lambda: "",
    "not base64": lambda: "a.b.c",
}


@pytest.mark.parametrize("what", REFUSED)
async def test_a_token_that_is_not_valid_is_refused(guarded: httpx.AsyncClient, what: str) -> None:
    """Also where everybody is allowed: whoever sends it would think to be known."""
    answers = [await guarded.get(path, headers=bearing(REFUSED[what]())) for path in ("/me", "/open")]

    assert [each.status_code for each in answers] == [401, 401]
    assert all('error="invalid_token"' in each.headers["WWW-Authenticate"] for each in answers)


async def test_a_valid_token_says_who_acts(guarded: httpx.AsyncClient) -> None:
    answers = [
        (await guarded.get("/me", headers=bearing(text))).json()
        for text in (
            token("ann", roles=["clerk", 7]),
            token("bob", roles="clerk auditor"),
            token("eve", aud=["shop", AUDIENCE]),
            token("kim", exp=int(time.time()) - LEEWAY + 10),
        )
    ]

    assert answers == [["ann", "clerk"], ["bob", "auditor", "clerk"], ["eve"], ["kim"]]


async def test_other_schemes_and_two_headers_are_refused(guarded: httpx.AsyncClient) -> None:
    """What stands in front may have read the other of two headers."""
    basic = await guarded.get("/open", headers={"Authorization": "Basic YTpi"})
    two = [("Authorization", f"Bearer {token('ann')}"), ("Authorization", f"Bearer {token('bob')}")]

    assert basic.status_code == 401
    assert (await guarded.get("/open", headers=two)).status_code == 401
    assert (await guarded.get("/me", headers={"Authorization": f"bearer {token('ann')}"})).status_code == 200


async def test_a_public_key_cannot_be_used_as_a_shared_secret() -> None:
    """The old confusion of algorithms: whoever knows the public key signs with it."""
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
    claims = {"sub": "ann", "iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 60}
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    signature = jwt.get_algorithm_by_name("HS256").sign(f"{header}.{body}".encode(), PEM.encode())
    confused = f"{header}.{body}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"
    method = Jwt(issuer=ISSUER, audience=AUDIENCE, algorithms=["RS256"], public_key=PEM)

    async with serving(application(method)) as http:
        assert (await http.get("/me", headers=bearing(confused))).status_code == 401
        assert (await http.get("/me", headers=bearing(token(key=RSA, algorithm="RS256")))).status_code == 200


async def test_a_token_is_checked_once_and_no_longer_than_it_is_valid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checked: list[str] = []
    decode: Any = jwt.decode

    def counting(text: str, *arguments: Any, **options: Any) -> Any:
        checked.append(text)
        return decode(text, *arguments, **options)

    monkeypatch.setattr(module.jwt, "decode", counting)
    monkeypatch.setattr(module, "MAX_REMEMBERED", 2)
    texts = [token(name) for name in ("ann", "bob", "eve")]
    async with serving(application(TOKENS)) as http:
        for text in (texts[0], texts[0], texts[1], texts[0], texts[2], texts[0]):
            assert (await http.get("/me", headers=bearing(text))).status_code == 200

        now = SystemClock.now
        monkeypatch.setattr(SystemClock, "now", lambda clock: now(clock) + 2 * 3_600_000_000)
        await http.get("/me", headers=bearing(texts[0]))

    assert [texts.index(text) for text in checked] == [0, 1, 2, 0, 0]
