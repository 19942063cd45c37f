"""The URL of a PostgreSQL store: what it says to the driver, and what to Actum."""

from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from msgspec import Struct

from actum.errors import StoreError

POOL_SIZE = 10
OURS = ("pool", "pooler", "direct")


class Address(Struct, frozen=True):
    """Where a database is, and how it is to be reached.

    `url` is for the driver; `direct` for connections that must keep their backend from one statement to the
    next, unless there is no way round a pooler (`has_sessions`). `size` bounds the pool. Behind a pooler that
    lends a backend for a transaction, statements have no names.
    """

    name: str
    url: str
    direct: str
    size: int
    is_pooled: bool
    has_sessions: bool = True


def read_url(url: str) -> Address:
    """Reads `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`, with options of libpq and Actum behind a `?`.

    `pool=10` bounds the connections of a process, `pooler=transaction` says that a transaction-mode pooler
    stands in between, and `direct=HOST:PORT` how to go round it, with `/DATABASE` where the pooler's name for
    the database is an alias. Raises StoreError.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise StoreError(f"{_without_password(url)!r} is no URL of a store: {error}") from error
    options = parse_qsl(parts.query, keep_blank_values=True)
    ours = {name: value for name, value in options if name in OURS}
    rest = urlencode([option for option in options if option[0] not in OURS])
    size = ours.get("pool", str(POOL_SIZE))
    if not size.isdecimal() or int(size) < 1:
        raise StoreError(f"pool={size}: say how many connections, for example pool={POOL_SIZE}")
    if ours.get("pooler", "transaction") != "transaction":
        raise StoreError(f"pooler={ours['pooler']}: only pooler=transaction needs to be said")
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
    """Gives the way round a pooler, whose name for the database may be another than the server's own."""
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
