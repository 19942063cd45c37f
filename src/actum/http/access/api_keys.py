"""API keys: each is compared by its hash, with all that are known, in a time that does not depend on it."""

import hashlib
import hmac

from litestar.types import Scope

from actum.errors import DefinitionError, Unauthenticated
from actum.http.access.credentials import Secrets, single_header
from actum.model.access.methods import HASHED, ApiKeys, Environment, check_key
from actum.model.access.principal import Principal


class KeyAuthenticator:
    """Recognises API keys."""

    def __init__(self, declared: ApiKeys, secrets: Secrets) -> None:
        self._header = declared.header.lower().encode()
        self._challenge = declared.challenge(secrets.realm)
        self._known = [
            (_digest_of(name, key.key, secrets), Principal(name, key.roles, {}, "key"))
            for name, key in declared.keys.items()
        ]
        if len({digest for digest, _ in self._known}) < len(self._known):
            raise DefinitionError(
                "two API keys are the same, so that nobody could tell who sends one: change one"
            )

    def __repr__(self) -> str:
        return f"<KeyAuthenticator, {len(self._known)} keys>"

    async def principal(self, scope: Scope) -> Principal | None:
        """Gives the principal of the key that a request sends."""
        key = single_header(scope, self._header)
        if key is None:
            return None
        given = hashlib.sha256(key.encode("latin-1")).digest()
        found: Principal | None = None
        # All are compared, so that the time says nothing about which one fits.
        for digest, principal in self._known:
            if hmac.compare_digest(digest, given):
                found = principal
        if found is None:
            raise Unauthenticated("the API key is not known", challenge=self._challenge)
        return found


def _digest_of(name: str, key: str | Environment, secrets: Secrets) -> bytes:
    if isinstance(key, Environment):
        key = key.read(secrets.environment, f"the API key of {name}").strip()
        if not HASHED.fullmatch(key):
            check_key(f"the API key of {name}", key)
            return hashlib.sha256(key.encode()).digest()
    return bytes.fromhex(key.removeprefix("sha256:"))
