"""Finds the origin of an error: an unreadable request, a client that disconnected, or the store."""

from collections.abc import Iterator
from types import TracebackType

from litestar.exceptions import (
    ClientException,
    HTTPException,
    InternalServerException,
    SerializationException,
)

from actum.errors import Invalid
from actum.model.error_text import error_message

LEFT = "client disconnected prematurely"
"""Litestar's message for a client that disconnects while its body is read."""

READERS = ("litestar._kwargs.extractors", "litestar._multipart", "litestar.connection.request")
"""The modules that parse a request."""

LIBRARIES = ("litestar", "msgspec", "multipart", "codecs", "encodings", "tempfile", "anyio")
OURS = "actum"
TELLING = ("actum.http", "actum.runtime.views.reading", "actum.stores.query_slots")
"""The modules of Actum whose errors are worded for clients."""

OF_PARSERS = (ValueError, LookupError, TypeError, AttributeError, RuntimeError, SerializationException)
"""What parsers raise for bytes that they cannot read."""

UNSUPPORTED = 415

BAD_FORMS = (
    "Invalid multipart/form-data",
    "Unexpected eof in multipart/form-data",
    "Request Entity Too Large",
)
"""Litestar's messages for a form that it cannot parse; the last is for one with too many parts."""

NO_FORM = (
    "the body is not a form: send named parts of multipart/form-data, separated by the boundary in the "
    "Content-Type, and no more of them than this address accepts"
)
UTF_8 = ("", "utf-8", "utf8", "us-ascii")

TRUNCATED = "Input data was truncated"
"""Msgspec's message for JSON that ends too soon, and for half a surrogate pair at the end of a text."""

TOO_DEEP = "while deserializing"
"""The end of the message of msgspec's RecursionError, which one of the application does not have."""


def has_left(error: BaseException) -> bool:
    """Says whether a request ended because its client disconnected."""
    return isinstance(error, InternalServerException) and error.detail == LEFT


def is_about_stores(error: BaseException) -> bool:
    """Says whether an error is worded for operators: it may name servers, tables and files."""
    modules = list(_modules(error.__traceback__))
    origin = modules[-1] if modules else ""
    return _is_in(origin, (OURS,)) and not _is_in(origin, TELLING)


def as_request_error(
    error: Exception, content_type: str, content_encoding: str, charset: str = ""
) -> Exception:
    """Gives an error that says what is wrong with a request, if parsing it raised this one; else this one.

    Litestar does not catch what its parsers raise for text that is not UTF-8, parts without names, and
    unknown character sets. An error of the author's own code is never taken for one of these, nor of a disk.
    """
    if isinstance(error, RecursionError) and TOO_DEEP in error_message(error):
        return Invalid("the body is nested too deeply")
    is_malformed = isinstance(error, ClientException) and isinstance(error.__cause__, SerializationException)
    is_no_form = type(error) is ClientException and error.detail in BAD_FORMS
    if not is_malformed and not is_no_form and not _is_from_reading(error):
        return error
    if unsupported := _unsupported(content_type, content_encoding, charset):
        return unsupported
    if is_malformed and TRUNCATED in error_message(error):
        return Invalid(
            "the body is not complete JSON: it ends too soon, or has half a character in it, such as \\ud800"
        )
    return error if is_malformed else Invalid(NO_FORM if is_no_form else _said_of(error))


def _said_of(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "the body is not UTF-8: send text in UTF-8"
    if isinstance(error, SerializationException):
        return str(error)
    return "the body cannot be read: it is not what its Content-Type says"


def _is_from_reading(error: Exception) -> bool:
    """Says whether a library raised an error as it parsed a request, without the author's code between."""
    if not isinstance(error, OF_PARSERS):
        return False
    trail: list[str] = []
    for module in _modules(error.__traceback__):
        trail = [*trail, module] if _is_in(module, LIBRARIES) else []
    return any(_is_in(module, READERS) for module in trail) and not isinstance(error, HTTPException)


def _unsupported(content_type: str, content_encoding: str, charset: str) -> HTTPException | None:
    """Says why a body is not read that may be valid as what its headers declare."""
    if content_encoding.strip().lower() not in ("", "identity"):
        return HTTPException(
            f"the body's Content-Encoding is {content_encoding}, which is not accepted here: send it plain",
            status_code=UNSUPPORTED,
            headers={"Accept-Encoding": "identity"},
        )
    if charset.lower() not in UTF_8:
        return HTTPException(
            f"the body's charset is {charset}, which is not accepted here: send it in UTF-8",
            status_code=UNSUPPORTED,
        )
    if content_type and "json" not in content_type and not content_type.startswith("multipart/"):
        return HTTPException(
            f"the body's Content-Type is {content_type}, and this address accepts application/json",
            status_code=UNSUPPORTED,
        )
    return None


def _modules(trace: TracebackType | None) -> Iterator[str]:
    """Gives the names of the modules that an error passed through; the last is where it was raised."""
    while trace is not None:
        yield trace.tb_frame.f_globals.get("__name__", "")
        trace = trace.tb_next


def _is_in(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)
