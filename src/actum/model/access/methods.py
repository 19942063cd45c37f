"""How a request shows who sends it: by an API key, a JSON Web Token or a session."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

from msgspec import Struct

from actum.errors import DefinitionError
from actum.model.name import check_who
from actum.model.option import strict_options

HASHED = re.compile(r"sha256:[0-9a-f]{64}")
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
COOKIE = re.compile(r"[A-Za-z0-9_-]{1,64}")
MIN_KEY = 20
"""Characters of a key, which is random: 20 of base64 are 120 bits."""
MIN_SECRETS = {"HS256": 32, "HS384": 48, "HS512": 64}
"""Bytes of a secret (RFC 7518)."""
MIN_SESSION_SECRET = 32
BY_KEY_PAIR = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
ADDRESS = re.compile(r"(https://[^/\s@]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?)(/\S*)?")
"""Encrypted, or on the machine itself."""
MAX_LEEWAY = timedelta(minutes=10)


class Environment(Struct, frozen=True):
    """A value that is in an environment variable when the application is served, and not in its code."""

    name: str

    def read(self, environment: Mapping[str, str], what: str) -> str:
        """Reads it; raises DefinitionError if it is missing."""
        value = environment.get(self.name, "")
        if not value:
            raise DefinitionError(f"{what} is read from {self.name}, which the environment has not: set it")
        return value


def hash_key(key: str) -> str:
    """Gives an API key as it is declared, from which nobody learns the key.

    A plain hash is enough, for a key is random: `secrets.token_urlsafe(32)` makes one.
    """
    check_key("the key", key)
    return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def check_key(what: str, key: str) -> None:
    """Raises DefinitionError for an API key that is short enough to be guessed, or cannot be sent."""
    if len(key) < MIN_KEY or not key.isascii() or not key.isprintable():
        raise DefinitionError(
            f"{what} must have {MIN_KEY} printable characters of ASCII or more: make it with "
            "secrets.token_urlsafe(32)"
        )


class ApiKey:
    """One API key: the hash of it, as `hash_key` gives it, or where the environment has it or its hash."""

    @strict_options("ApiKey")
    def __init__(self, key: str | Environment, *, roles: Collection[str] = ()) -> None:
        declared: Any = key
        if not isinstance(declared, Environment) and not (
            isinstance(declared, str) and HASHED.fullmatch(declared)
        ):
            raise DefinitionError(
                'ApiKey takes a hash, as in ApiKey("sha256:9f86…"), which actum.access.hash_key(key) gives, '
                'or Environment("SHOP_KEY"): a key in the code is known to whoever reads that'
            )
        self.key = key
        self.roles: frozenset[str] = _roles("ApiKey", roles)

    def __repr__(self) -> str:
        return f"<ApiKey for {', '.join(sorted(self.roles)) or 'no role'}>"


class ApiKeys:
    """Recognises programs by a key that each sends in a header; its name becomes the principal's id."""

    @strict_options("ApiKeys")
    def __init__(self, keys: Mapping[str, ApiKey], *, header: str = "X-API-Key") -> None:
        declared: Any = keys
        if not isinstance(declared, Mapping) or not declared:
            raise DefinitionError('ApiKeys takes keys by name: write ApiKeys({"shop": ApiKey("sha256:…")})')
        for name, key in declared.items():
            if not isinstance(name, str) or not name or not isinstance(key, ApiKey):
                raise DefinitionError(f'ApiKeys: {name!r}: {key!r}: write "shop": ApiKey("sha256:…")')
            check_who(name)
        sent: Any = header
        if not isinstance(sent, str) or not HEADER.fullmatch(sent) or sent.lower() == "authorization":
            raise DefinitionError(
                f'ApiKeys: header={header!r}: name a header of its own, as in header="X-API-Key"'
            )
        self.keys: dict[str, ApiKey] = dict(declared)
        self.header = header

    def challenge(self, realm: str) -> str:
        """Gives the challenge of a 401."""
        return f'ApiKey realm="{realm}", header="{self.header}"'


class Jwt:
    """Recognises the bearer of a signed JSON Web Token, which another service issued, or the application.

    Give one of: `secret`, shared with the issuer (HS256 …); `public_key`, as PEM; `jwks`, the address where
    the issuer publishes its keys. `algorithms` are the only ones that are accepted. A token must have `exp`,
    this `issuer`, one of these audiences, and a subject, which becomes the principal's id. Times are compared
    with `leeway` for clocks that differ. `roles` names the claim that lists the roles, or holds them as text
    with spaces between.
    """

    @strict_options("Jwt")
    def __init__(
        self,
        *,
        issuer: str,
        audience: str | Sequence[str],
        algorithms: Sequence[str],
        secret: str | Environment | None = None,
        public_key: str | Environment | None = None,
        jwks: str | None = None,
        leeway: timedelta = timedelta(seconds=30),
        subject: str = "sub",
        roles: str = "roles",
    ) -> None:
        audiences = (audience,) if isinstance(audience, str) else tuple(audience)
        named: tuple[Any, ...] = (issuer, *audiences, subject, roles)
        if not audiences or not all(isinstance(each, str) and each for each in named):
            raise DefinitionError(
                "Jwt: issuer= and audience= are compared with the token: write "
                'issuer="https://id.example.org", audience="shop"'
            )
        span: Any = leeway
        if not isinstance(span, timedelta) or not timedelta() <= span <= MAX_LEEWAY:
            raise DefinitionError(f"Jwt: leeway={leeway!r}: write a span of ten minutes or less")
        if [secret, public_key, jwks].count(None) != 2:
            raise DefinitionError("Jwt: give one of secret=, public_key= and jwks=, to check tokens with")
        self.issuer = issuer
        self.audiences: tuple[str, ...] = audiences
        self.algorithms: tuple[str, ...] = _algorithms(algorithms, is_shared=secret is not None)
        self.secret = secret
        self.public_key = public_key
        self.jwks: str | None = None if jwks is None else _address(jwks)
        self.leeway = leeway
        self.subject = subject
        self.roles = roles
        if isinstance(secret, str):
            self.check_secret(secret)

    def check_secret(self, secret: str) -> None:
        """Raises DefinitionError for a secret that is too short for an algorithm."""
        needed = max(MIN_SECRETS[each] for each in self.algorithms)
        if len(secret.encode()) < needed:
            raise DefinitionError(
                f"Jwt: the secret needs {needed} bytes for {', '.join(self.algorithms)}: make one with "
                "secrets.token_urlsafe(64)"
            )

    def challenge(self, realm: str) -> str:
        """Gives the challenge of a 401."""
        return f'Bearer realm="{realm}"'


class Sessions:
    """Recognises whoever signed in, by an encrypted cookie that `sign_in` sets.

    The cookie has all there is of the session, so any process that has the `secret` can read it, and only the
    browser can drop it. A session ends `max_age` after it began. Requests that may change something need the
    value of the cookie `__Host-csrftoken`, which a page of this host reads, in the header `x-csrftoken`. The
    session's cookie is HttpOnly. Both are Secure, and are not sent from other sites; `is_secure=False` is for
    a development server without TLS, and drops the prefix `__Host-`.
    """

    @strict_options("Sessions")
    def __init__(
        self,
        secret: str | Environment,
        *,
        max_age: timedelta = timedelta(hours=12),
        cookie: str = "session",
        same_site: Literal["lax", "strict"] = "lax",
        is_secure: bool = True,
    ) -> None:
        if not isinstance(secret, Environment):
            self.check_secret(secret)
        span: Any = max_age
        if not isinstance(span, timedelta) or span < timedelta(minutes=1):
            raise DefinitionError(f"Sessions: max_age={max_age!r}: write a minute or more")
        name: Any = cookie
        if not isinstance(name, str) or not COOKIE.fullmatch(cookie):
            raise DefinitionError(f"Sessions: cookie={cookie!r}: use letters, digits, - and _")
        if same_site not in ("lax", "strict"):
            raise DefinitionError(f'Sessions: same_site={same_site!r}: write "lax" or "strict"')
        secure: Any = is_secure
        if not isinstance(secure, bool):
            raise DefinitionError(f"Sessions: is_secure={is_secure!r}: write True or False")
        self.secret = secret
        self.max_age = max_age
        self.cookie = cookie
        self.same_site: Literal["lax", "strict"] = same_site
        self.is_secure = is_secure

    @staticmethod
    def check_secret(secret: object) -> None:
        """Raises DefinitionError for a secret that is too short."""
        if not isinstance(secret, str) or len(secret.encode()) < MIN_SESSION_SECRET:
            raise DefinitionError(
                f"Sessions: the secret needs {MIN_SESSION_SECRET} bytes: make one with "
                'secrets.token_urlsafe(48), and name where it is: Environment("SHOP_SESSIONS")'
            )

    def challenge(self, realm: str) -> str:
        """Gives the challenge of a 401."""
        return f'Cookie realm="{realm}", cookie-name="{self.cookie}"'


AccessMethod = ApiKeys | Jwt | Sessions


def _roles(where: str, roles: Any) -> frozenset[str]:
    if isinstance(roles, str) or not all(isinstance(role, str) and role for role in roles):
        raise DefinitionError(f'{where}: roles={roles!r} is no list of names: write roles=["clerk"]')
    return frozenset(roles)


def _algorithms(algorithms: Any, *, is_shared: bool) -> tuple[str, ...]:
    """Checks that all algorithms fit the kind of key, so that none can be taken for another's."""
    known = frozenset(MIN_SECRETS) if is_shared else BY_KEY_PAIR
    listed = () if isinstance(algorithms, str) else tuple(algorithms)
    if not listed or not known.issuperset(listed):
        kind = "secret=" if is_shared else "public_key= and jwks="
        raise DefinitionError(
            f"Jwt: algorithms={algorithms!r}: with {kind} list some of {', '.join(sorted(known))}"
        )
    return listed


def _address(jwks: Any) -> str:
    if not isinstance(jwks, str) or not ADDRESS.fullmatch(jwks):
        raise DefinitionError(
            f"Jwt: jwks={jwks!r}: write an https:// address, for who changes the answer can sign any token"
        )
    return jwks
