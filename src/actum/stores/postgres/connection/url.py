"""The URL of a PostgreSQL store: options for the driver, and options for Actum."""

from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from msgspec import Struct

from actum.errors import StoreError

POOL_SIZE = 10
OURS = ("pool", "pooler", "direct")


class Address(Struct, frozen=True):
    """Where a database is, and how to reach it.

    `url` is for the driver. `direct` is for connections that must keep their backend from one statement to
    the next; `has_sessions` is False if a pooler cannot be bypassed. `size` limits the pool. Behind a pooler
    in transaction mode (`is_pooled`), statements are not prepared by name.
    """

    name: str
    url: str
    direct: str
    size: int
    is_pooled: bool
    has_sessions: bool = True


def read_url(url: str) -> Address:
    """Reads `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`, with options of libpq and Actum after a `?`.

    `pool=10` limits the connections of a process. `pooler=transaction` says that there is a pooler in
    transaction mode, and `direct=HOST:PORT` how to bypass it, with `/DATABASE` if the pooler's name for the
    database is an alias. Raises StoreError.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise StoreError(f"{_without_password(url)!r} is not the URL of a store: {error}") from error
    options = parse_qsl(parts.query, keep_blank_values=True)
    ours = {name: value for name, value in options if name in OURS}
    rest = urlencode([option for option in options if option[0] not in OURS])
    size = ours.get("pool", str(POOL_SIZE))
    if not size.isdecimal() or int(size) < 1:
        raise StoreError(f"pool={size}: say how many connections, for example pool={POOL_SIZE}")
    if ours.get("pooler", "transaction") != "transaction":
        raise StoreError(f"pooler={ours['pooler']}: the only value is pooler=transaction")
    plain = parts._replace(query=rest)
    host = parts.hostname or dict(options).get("host", "localhost")
    return Address(
        name=f"postgresql://{host}{f':{port}' if port else ''}{parts.path}",
        url=urlunsplit(plain),
        direct=urlunsplit(_beside(plain, ours.get("direct", ""))),
        size=int(size),
        is_pooled="pooler" in ours,
        has_sessions="pooler" not in ours or bool(ours.get("direct")),
    )


def _beside(parts: SplitResult, direct: str) -> SplitResult:
    """Gives the URL that bypasses a pooler, which may have another name for the database than the server."""
    if not direct:
        return parts
    place, slash, database = direct.partition("/")
    if not place or (slash and not database) or "@" in direct:
        raise StoreError(f"direct={direct}: write direct=HOST:PORT, or direct=HOST:PORT/DATABASE")
    user, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}{at}{place}", path=f"/{database}" if database else parts.path)


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
