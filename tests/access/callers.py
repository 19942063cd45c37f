"""Callers of applications with rules: their keys and tokens."""

import time
from typing import Any

import jwt

from actum.access import ApiKey, ApiKeys, Environment, Jwt, hash_key

CLERK_KEY = "clerk-key-of-24-characters"
ANN_KEY = "ann-key-of-more-characters"
SECRET = "a-secret-of-64-bytes-and-more-for-tokens-of-tests-of-every-algorithm"
ISSUER, AUDIENCE = "https://id.example.org", "bank"

KEYS = ApiKeys({"till": ApiKey(hash_key(CLERK_KEY), roles=["clerk"]), "ann": ApiKey(hash_key(ANN_KEY))})
TOKENS = Jwt(issuer=ISSUER, audience=AUDIENCE, algorithms=["HS256"], secret=SECRET)
ABSENT = Environment("NO_TEST_SETS_THIS")

AS_CLERK = {"X-API-Key": CLERK_KEY}
AS_ANN = {"X-API-Key": ANN_KEY}
HOUR = 3_600


def token(subject: str = "ann", *, key: Any = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    """A token that is valid, except for what is said otherwise; a claim that is None is left out."""
    said = {"sub": subject, "iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + HOUR, **claims}
    kept = {name: value for name, value in said.items() if value is not None}
    header = {"kid": kept.pop("kid")} if "kid" in kept else None
    return jwt.encode(kept, key, algorithm, headers=header)


def bearing(text: str) -> dict[str, str]:
    """The header of a request with a token."""
    return {"Authorization": f"Bearer {text}"}
