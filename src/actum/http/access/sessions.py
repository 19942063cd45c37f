"""Sessions in encrypted cookies, and the token that keeps other sites from using them, by Litestar."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from litestar.config.csrf import CSRFConfig
from litestar.connection import ASGIConnection
from litestar.middleware import DefineMiddleware
from litestar.middleware.csrf import CSRFMiddleware
from litestar.middleware.session.client_side import ClientSideSessionBackend, CookieBackendConfig
from litestar.types import Receive, Scope, Send

from actum.http.access.credentials import Secrets
from actum.model.access.methods import Environment, Sessions
from actum.model.access.principal import Principal
from actum.runtime.access.session_data import principal_in
from actum.runtime.clock import Clock

CSRF_COOKIE = "csrftoken"
CSRF_HEADER = "x-csrftoken"
BY_HEADER = ("key", "jwt")
HOST = "__Host-"
"""The prefix of cookies that a browser takes from this host alone, and only over TLS."""


class SessionAuthenticator:
    """Recognises whoever signed in."""

    def __init__(self, declared: Sessions, clock: Clock) -> None:
        self._max_age = declared.max_age // timedelta(microseconds=1)
        self._clock = clock

    def __repr__(self) -> str:
        return "<SessionAuthenticator>"

    async def principal(self, scope: Scope) -> Principal | None:
        """Gives who signed in; a session that has ended is none."""
        return principal_in(scope.get("session"), now=self._clock.now(), max_age=self._max_age)


class SessionCookies(ClientSideSessionBackend):
    """Litestar's sessions in cookies, where a cookie that cannot be read is no session."""

    async def load_from_connection(self, connection: ASGIConnection[Any, Any, Any, Any]) -> dict[str, Any]:
        """Gives what the session of a request holds."""
        try:
            found = await super().load_from_connection(connection)
        except Exception:  # noqa: BLE001 (anybody may send any cookie, and Litestar catches but two errors)
            return {}
        return found if isinstance(cast("object", found), dict) else {}


@dataclass
class SessionCookieConfig(CookieBackendConfig):
    """Configures them."""

    _backend_class = SessionCookies


class SessionCsrf(CSRFMiddleware):
    """Litestar's protection from forged requests, for a browser sends its session by itself.

    Other sites cannot have a browser send the headers of keys and tokens, so requests with them need none.
    Those of nobody need it: one of them may begin a session.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Checks the token of a request that may change something."""
        principal: Any = scope.get("user")
        if isinstance(principal, Principal) and principal.method in BY_HEADER:
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def session_middleware(declared: Sessions, secrets: Secrets) -> tuple[DefineMiddleware, DefineMiddleware]:
    """Gives the middleware that reads and writes sessions, and the one that refuses forged requests."""
    given = declared.secret
    secret = (
        given.read(secrets.environment, "the secret of sessions") if isinstance(given, Environment) else given
    )
    declared.check_secret(secret)
    prefix = HOST if declared.is_secure else ""
    config = SessionCookieConfig(
        secret=_derived(secret, b"sessions"),
        key=prefix + declared.cookie,
        max_age=int(declared.max_age.total_seconds()),
        secure=declared.is_secure,
        samesite=declared.same_site,
    )
    csrf = CSRFConfig(
        secret=_derived(secret, b"csrf").hex(),
        cookie_name=prefix + CSRF_COOKIE,
        header_name=CSRF_HEADER,
        cookie_secure=declared.is_secure,
        cookie_samesite=declared.same_site,
        exclude_from_csrf_key="",
    )
    return config.middleware, DefineMiddleware(cast("Any", SessionCsrf), config=csrf)


def _derived(secret: str, purpose: bytes) -> bytes:
    """Derives a key of 32 bytes, so that one secret serves for both."""
    return hmac.new(secret.encode(), b"actum/" + purpose, hashlib.sha256).digest()
