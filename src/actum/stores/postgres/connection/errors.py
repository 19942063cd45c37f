"""Translates PostgreSQL's errors into those that callers handle."""

import asyncio

import asyncpg

from actum.errors import ActumError, StoreError, StoreFailed, Unavailable

DRIVER = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What the driver raises; the last of them when a connection is cut while it is being used."""

# Prefixes of SQLSTATE codes.
UNAVAILABLE = ("08", "25P03", "40", "53", "55P03", "57")
FAILED = ("53100", "53200", "25006", "58", "XX")
NO_WRITES = ("53100", "25006", "58")
"""What says that no write will succeed for now: a full disk, read-only mode, a broken disk."""
NO_STATEMENTS = (
    "prepared statements of a session are lost, as behind PgBouncer in transaction mode: add "
    "pooler=transaction to the URL"
)
REFUSED = {
    "26000": NO_STATEMENTS,
    "42P05": NO_STATEMENTS,
    "28P01": "wrong password or user: correct them in the URL",
    "28000": "this user may not connect: correct the URL, or pg_hba.conf of the server",
    "3D000": "there is no such database: create it (createdb), or correct the URL",
    "3F000": "there is no such schema: create it, or correct search_path in the URL",
    "42501": "this user lacks a privilege: grant CREATE and USAGE on the schema",
}


def translate(error: Exception, name: str) -> Exception:
    """Turns a driver's error into one that says what to do; the driver's error is its cause.

    An error that the caller handles itself, such as a value that does not fit, is given back unchanged.
    """
    code = getattr(error, "sqlstate", None) or ""
    if code in REFUSED:
        return _caused(StoreError(f"{name}: {REFUSED[code]} ({_text(error)})"), error)
    if "unsupported startup parameter" in str(error):
        return _caused(
            StoreError(
                f"{name}: a pooler refuses an option of the URL ({_text(error)}): leave it out, and set it "
                "with ALTER ROLE … SET"
            ),
            error,
        )
    if code.startswith(FAILED):
        return _caused(
            StoreFailed(
                f"{name} does not write ({_text(error)}): fix the server (space, read-only mode, disk); "
                "acknowledged writes are kept"
            ),
            error,
        )
    if code.startswith(UNAVAILABLE) or _is_lost(error):
        return _caused(
            Unavailable(f"{name} does not answer ({_text(error)}): send again, or check the server"), error
        )
    if code.startswith("42"):
        return _caused(StoreError(f"{name}: {_text(error)}"), error)
    return error


def refuses_writes(error: Exception) -> bool:
    """Says whether an error of the driver means that the server accepts no write for now."""
    return (getattr(error, "sqlstate", None) or "").startswith(NO_WRITES)


def _is_lost(error: Exception) -> bool:
    if isinstance(error, ActumError):
        return False
    is_closed = isinstance(error, asyncpg.InterfaceError) and "clos" in str(error)
    return is_closed or isinstance(
        error,
        (OSError, asyncio.TimeoutError, asyncpg.PostgresConnectionError, asyncpg.InternalClientError),
    )


def _caused(translated: ActumError, cause: Exception) -> ActumError:
    translated.__cause__ = cause
    return translated


def _text(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]
