"""The keys that an issuer of tokens publishes (JWKS): fetched, kept a while, and asked for again rarely."""

import asyncio
import http.client
import logging
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import jwt
import msgspec

from actum.errors import Unavailable
from actum.runtime.clock import Clock, SystemClock

MAX_BYTES = 250_000
MAX_KEYS = 100
TIMEOUT = 5.0
"""Seconds in which an answer must begin, and all of it come."""
PIECE = 65_536

SECOND = 1_000_000
REFRESH = 600 * SECOND
"""Microseconds after which the keys are fetched again, for one that was withdrawn."""
MAX_AGE = 86_400 * SECOND
"""Microseconds for which keys are used when they cannot be fetched again."""
PAUSE = 30 * SECOND
"""Microseconds between two fetches at least: a token may name any key, and anybody may send one."""

Fetch = Callable[[str], bytes]

log: logging.Logger = logging.getLogger("actum.http")


class KeySet:
    """The public keys of an issuer, by their ids."""

    def __init__(
        self, address: str, algorithms: tuple[str, ...], clock: Clock, fetch: Fetch | None = None
    ) -> None:
        self._address = address
        self._algorithms = algorithms
        self._clock = clock
        self._fetch = fetch or fetch_document
        self._keys: Mapping[str, Any] | None = None
        self._fetched_at = 0
        self._tried_at: int | None = None
        self._fetching: asyncio.Task[None] | None = None
        self.generation = 0
        """Counts how often the keys have changed."""

    def __repr__(self) -> str:
        return f"<KeySet of {self._address}, {len(self._keys or ())} keys>"

    def refresh(self) -> None:
        """Begins to fetch the keys again if they are old; what is known serves until they are there."""
        if self._keys is not None and self._clock.now() - self._fetched_at > REFRESH and self._may_fetch():
            self._begin()

    @property
    def is_outdated(self) -> bool:
        """Whether the keys are too old to be used, because they could not be fetched again."""
        return self._keys is None or self._clock.now() - self._fetched_at > MAX_AGE

    async def key(self, id: str) -> Any:
        """Gives a key, None if the issuer has none of that id; raises Unavailable if it cannot be asked."""
        if self.is_outdated or self._keys is None or id not in self._keys:
            await self._fetched()
        if self.is_outdated or self._keys is None:
            raise Unavailable("the keys of the issuer of tokens cannot be fetched now")
        return self._keys.get(id)

    async def _fetched(self) -> None:
        """Fetches the keys, once for all requests that wait for them."""
        if self._fetching is None and self._may_fetch():
            self._begin()
        if self._fetching is not None:
            await asyncio.shield(self._fetching)

    def _may_fetch(self) -> bool:
        if self._fetching is not None:
            return False
        return self._tried_at is None or not 0 <= self._clock.now() - self._tried_at < PAUSE

    def _begin(self) -> None:
        self._tried_at = self._clock.now()
        self._fetching = asyncio.create_task(self._load(), name="keys of the issuer")

    async def _load(self) -> None:
        try:
            document = await asyncio.to_thread(self._fetch, self._address)
            keys = read_keys(document, self._algorithms)
        except (OSError, ValueError, http.client.HTTPException) as error:
            log.warning("the keys at %s could not be fetched: %s", self._address, error)
            return
        finally:
            self._fetching = None
        self._keys, self._fetched_at = keys, self._clock.now()
        self.generation += 1


def read_keys(document: bytes, algorithms: tuple[str, ...]) -> dict[str, Any]:
    """Reads the keys that may sign with one of the algorithms; raises ValueError for what is no key set."""
    found = msgspec.json.decode(document)
    listed = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise ValueError(f"it is no JSON with a list of {MAX_KEYS} keys at most")
    keys: dict[str, Any] = {}
    for each in listed:
        # A shared secret among public keys would let everybody sign.
        if not isinstance(each, dict) or each.get("kty") == "oct" or each.get("use", "sig") != "sig":
            continue
        id, algorithm = each.get("kid"), each.get("alg")
        if not isinstance(id, str) or (algorithm is not None and algorithm not in algorithms):
            continue
        try:
            keys[id] = jwt.PyJWK(each).key
        except jwt.PyJWTError:
            log.info("the key %r of an issuer is of a kind that is not known", id)
    return keys


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect, which could lead anywhere."""

    def redirect_request(self, *_: Any, **__: Any) -> NoReturn:
        raise urllib.error.URLError("it redirects: name the address that has the keys")


def fetch_document(address: str, *, timeout: float = TIMEOUT) -> bytes:
    """Gets the document at an address; raises OSError or ValueError if there is none, or too large a one."""
    clock, opener = SystemClock(), urllib.request.build_opener(_NoRedirect)
    until = clock.now() + round(2 * timeout * SECOND)
    found: list[bytes] = []
    with opener.open(address, timeout=timeout) as answer:
        # The limit of the connection is for each piece, and a server may send them one by one for ever.
        while piece := answer.read1(PIECE):
            found.append(piece)
            if sum(map(len, found)) > MAX_BYTES:
                raise ValueError(f"it has more than {MAX_BYTES:,} bytes")
            if clock.now() > until:
                raise TimeoutError(f"it did not come within {2 * timeout:g} s")
    return b"".join(found)
