"""The token without which no form of the console is accepted, so that no other site can send one."""

import hashlib
import hmac
import re
from collections.abc import Mapping

from litestar.datastructures import Cookie

from actum.runtime.clock import Clock

SESSION_COOKIE = "actum-console"
FIELD = "token"
"""The field of every form that holds the token."""

SESSION = re.compile(r"[0-9A-Za-z_-]{16,64}")
SAME = frozenset({"same-origin", "none"})


def session_of(cookies: Mapping[str, str], clock: Clock) -> str:
    """Gives the id of the browser's session, or a new one."""
    found = cookies.get(SESSION_COOKIE, "")
    return found if SESSION.fullmatch(found) else f"{clock.new_id()}-{clock.new_id()}"[:64]


def session_cookie(session: str, path: str, *, is_secure: bool) -> Cookie:
    """Gives the cookie that keeps a session; no script reads it, and no other site has it sent."""
    return Cookie(
        key=SESSION_COOKIE, value=session, path=path, httponly=True, samesite="strict", secure=is_secure
    )


def token_of(secret: str, session: str, operator: str) -> str:
    """Gives the token of a session: who can set a cookie, but does not know the secret, cannot make it."""
    said = f"{session}\n{operator}".encode()
    return hmac.new(secret.encode(), said, hashlib.sha256).hexdigest()


def is_same(given: str, token: str) -> bool:
    """Compares tokens in a time that says nothing about them."""
    return hmac.compare_digest(given.encode(), token.encode())


def comes_from_here(headers: Mapping[str, str]) -> bool:
    """Says whether the browser names this site as the origin of a form, as far as it names one."""
    if headers.get("sec-fetch-site", "none") not in SAME:
        return False
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == headers.get("host")
