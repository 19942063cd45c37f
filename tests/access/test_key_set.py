"""The keys that an issuer publishes: when they are fetched, and what is taken from them."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from actum import Actions, App, Context
from actum.access import Access, Jwt, signed_in
from actum.errors import Unavailable
from actum.http.access.key_set import (
    MAX_AGE,
    MAX_BYTES,
    PAUSE,
    REFRESH,
    KeySet,
    fetch_document,
    read_keys,
)
from actum.runtime.clock import ManualClock
from tests.access.callers import AUDIENCE, ISSUER, bearing, token
from tests.http.serving import serving

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
ALGORITHMS = ("RS256", "ES256")


def published(**keys: Any) -> bytes:
    """A key set, with keys by their ids."""
    listed = []
    for id, key in keys.items():
        algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        written = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
        listed.append({**written, "kid": id, "use": "sig"})
    return json.dumps({"keys": listed}).encode()


class Issuer:
    """What is published, and how often it was asked for."""

    def __init__(self) -> None:
        self.document: bytes | Exception = published(one=RSA)
        self.times = 0

    def fetch(self, address: str) -> bytes:
        self.times += 1
        if isinstance(self.document, Exception):
            raise self.document
        return self.document


def key_set() -> tuple[KeySet, Issuer, ManualClock]:
    issuer, clock = Issuer(), ManualClock(1_700_000_000_000_000)
    return KeySet("https://id.example.org/keys", ALGORITHMS, clock, issuer.fetch), issuer, clock


async def test_keys_are_fetched_once_for_all_that_wait_for_them() -> None:
    keys, issuer, _ = key_set()

    found = await asyncio.gather(*(keys.key("one") for _ in range(20)))

    assert all(key is not None for key in found)
    assert issuer.times == 1


async def test_a_key_that_is_not_known_is_asked_for_rarely() -> None:
    """A token may name any key, and anybody may send one."""
    keys, issuer, clock = key_set()
    await keys.key("one")

    for number in range(100):
        assert await keys.key(f"made up {number}") is None
    assert issuer.times == 1

    clock.move_to(clock.now() + PAUSE)
    issuer.document = published(one=RSA, two=EC)
    assert await keys.key("two") is not None
    assert issuer.times == 2


async def test_a_key_that_is_withdrawn_is_dropped_after_a_while() -> None:
    keys, issuer, clock = key_set()
    await keys.key("one")
    before = keys.generation
    issuer.document = published(two=EC)

    clock.move_to(clock.now() + REFRESH + 1)
    keys.refresh()
    assert await keys.key("one") is not None  # No request waits for that.
    assert await keys.key("two") is not None

    assert await keys.key("one") is None
    assert keys.generation == before + 1


async def test_keys_are_used_on_when_the_issuer_is_away_but_not_for_ever() -> None:
    keys, issuer, clock = key_set()
    await keys.key("one")
    issuer.document = OSError("away")

    clock.move_to(clock.now() + REFRESH + 1)
    keys.refresh()
    assert await keys.key("one") is not None
    assert not keys.is_outdated

    clock.move_to(clock.now() + MAX_AGE)
    with pytest.raises(Unavailable):
        await keys.key("one")


@pytest.mark.parametrize(
    "document",
    [
        OSError("away"),
        b"<html>",
        b"[]",
        b'{"keys": 3}',
        json.dumps({"keys": [{}] * 101}).encode(),
    ],
)
async def test_without_keys_nobody_can_be_checked(document: bytes | Exception) -> None:
    keys, issuer, _ = key_set()
    issuer.document = document

    with pytest.raises(Unavailable):
        await keys.key("one")
    with pytest.raises(Unavailable):
        await keys.key("one")

    assert issuer.times == 1


def test_keys_that_could_sign_what_they_should_not_are_left_out() -> None:
    listed = json.loads(published(one=RSA, two=EC))["keys"]
    listed += [
        {"kty": "oct", "kid": "shared", "k": "AAAA"},
        {**listed[0], "kid": "sealing", "use": "enc"},
        {**listed[0], "kid": "other", "alg": "RS512"},
        {**listed[0], "kid": 7},
        {"kty": "RSA", "kid": "broken"},
        "no key",
    ]

    assert set(read_keys(json.dumps({"keys": listed}).encode(), ALGORITHMS)) == {"one", "two"}


class Publisher(BaseHTTPRequestHandler):
    """An issuer that answers as its path says."""

    def do_GET(self) -> None:
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "/keys")
            self.end_headers()
            return
        if self.path == "/slow":
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(b" ")
                    time.sleep(0.02)
            return
        body = b" " * (MAX_BYTES + 1) if self.path == "/large" else published(one=RSA)
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def publisher() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Publisher) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_a_document_is_fetched_if_it_is_there_and_not_too_large(publisher: str) -> None:
    assert fetch_document(f"{publisher}/keys") == published(one=RSA)
    for path in ("/large", "/missing", "/elsewhere"):
        with pytest.raises((OSError, ValueError)):
            fetch_document(publisher + path)
    with pytest.raises(TimeoutError):
        fetch_document(f"{publisher}/slow", timeout=0.1)


async def test_tokens_are_checked_with_the_keys_that_their_issuer_publishes(publisher: str) -> None:

    web = Actions()

    @web.get("/me")
    async def me(ctx: Context) -> str:
        return ctx.by

    method = Jwt(issuer=ISSUER, audience=AUDIENCE, algorithms=ALGORITHMS, jwks=f"{publisher}/keys")
    async with serving(App("bank", actions=[web], access=Access(method, rules={me: signed_in}))) as http:
        statuses = [
            (await http.get("/me", headers=bearing(text))).status_code
            for text in (
                token("ann", key=RSA, algorithm="RS256", kid="one"),
                token("ann", key=RSA, algorithm="RS256", kid="two"),
                token("ann", key=RSA, algorithm="RS256"),
                token("ann", key=EC, algorithm="ES256", kid="one"),
                token("ann"),
            )
        ]

    assert statuses == [200, 401, 401, 401, 401]
