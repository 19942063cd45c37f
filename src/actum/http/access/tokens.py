"""JSON Web Tokens: checked with the pinned algorithms, once for each token while it is valid."""

from typing import Any

import jwt
from jwt.exceptions import PyJWTError
from litestar.types import Scope

from actum.errors import DefinitionError, Unauthenticated
from actum.http.access.credentials import Secrets, is_storable, single_header
from actum.http.access.key_set import Fetch, KeySet
from actum.model.access.methods import Environment, Jwt
from actum.model.access.principal import Principal
from actum.runtime.clock import Clock

MAX_TOKEN = 16_000
"""Characters of a token."""
MAX_REMEMBERED = 10_000
"""Tokens whose check is remembered; when there are more, all are checked again."""
SCHEME = "bearer"


class TokenAuthenticator:
    """Recognises the bearers of tokens."""

    def __init__(self, declared: Jwt, secrets: Secrets, clock: Clock, fetch: Fetch | None = None) -> None:
        self._declared = declared
        self._clock = clock
        self._challenge = declared.challenge(secrets.realm)
        self._key_set = (
            None if declared.jwks is None else KeySet(declared.jwks, declared.algorithms, clock, fetch)
        )
        self._key: Any = None if self._key_set is not None else _key_of(declared, secrets)
        self._remembered: dict[str, tuple[Principal, int]] = {}
        self._generation = 0

    def __repr__(self) -> str:
        return f"<TokenAuthenticator of {self._declared.issuer}>"

    async def principal(self, scope: Scope) -> Principal | None:
        """Gives the principal of the token that a request bears."""
        header = single_header(scope, b"authorization")
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        if scheme.lower() != SCHEME:
            raise Unauthenticated(
                "the header Authorization has no bearer token: send Bearer and the token",
                challenge=self._challenge,
            )
        token = token.strip()
        if len(token) > MAX_TOKEN:
            raise self._refused("the token is too long")
        if self._key_set is not None:
            self._follow(self._key_set)
        # A dict compares only texts of one hash, which depends on chance of this process: so the time that it
        # takes says nothing about tokens that are valid.
        known = self._remembered.get(token)
        if known is not None and self._clock.now() < known[1]:
            return known[0]
        return await self._checked(token)

    def _follow(self, key_set: KeySet) -> None:
        """Forgets what was checked when the keys have changed, or cannot be trusted any more."""
        key_set.refresh()
        if self._generation != key_set.generation or key_set.is_outdated:
            self._generation = key_set.generation
            self._remembered.clear()

    async def _checked(self, token: str) -> Principal:
        declared = self._declared
        key = self._key if self._key_set is None else await self._published(self._key_set, token)
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=list(declared.algorithms),
                issuer=declared.issuer,
                audience=list(declared.audiences),
                leeway=declared.leeway,
                options={"require": ["exp", "iss", "aud", declared.subject]},
            )
        except Exception as error:
            raise self._refused(f"the token is not valid: {_reason(error)}") from error
        subject = claims[declared.subject]
        if not isinstance(subject, str) or not subject or not is_storable(subject):
            raise self._refused(f"the token's {declared.subject} is no text that can be stored")
        principal = Principal(subject, _roles(claims.get(declared.roles)), claims, "jwt")
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()
        until = int((claims["exp"] + declared.leeway.total_seconds()) * 1_000_000)
        self._remembered[token] = principal, until
        return principal

    async def _published(self, key_set: KeySet, token: str) -> Any:
        try:
            id = jwt.get_unverified_header(token).get("kid")
        except Exception as error:
            raise self._refused("the token is not valid: it cannot be read") from error
        key = await key_set.key(id) if isinstance(id, str) else None
        if key is None:
            raise self._refused("the token is signed with a key that its issuer does not publish")
        return key

    def _refused(self, why: str) -> Unauthenticated:
        return Unauthenticated(why, challenge=f'{self._challenge}, error="invalid_token"')


def _key_of(declared: Jwt, secrets: Secrets) -> Any:
    """Gives the key that tokens are checked with; raises DefinitionError for one that cannot be used."""
    given = declared.secret if declared.secret is not None else declared.public_key
    text = given.read(secrets.environment, "the key of tokens") if isinstance(given, Environment) else given
    assert text is not None
    if declared.secret is not None:
        declared.check_secret(text)
    try:
        return next(iter([jwt.get_algorithm_by_name(each).prepare_key(text) for each in declared.algorithms]))
    except (PyJWTError, NotImplementedError, ValueError, TypeError) as error:
        raise DefinitionError(
            f"Jwt: the key is none for {', '.join(declared.algorithms)}: {error}"
        ) from error


def _roles(claim: object) -> frozenset[str]:
    listed = claim.split() if isinstance(claim, str) else claim
    return (
        frozenset(each for each in listed if isinstance(each, str))
        if isinstance(listed, list)
        else frozenset()
    )


def _reason(error: Exception) -> str:
    return str(error)[:200] if isinstance(error, PyJWTError) else "it cannot be read"
