"""Whose an error is: the request's, which could not be read, the client's, who has left, or the store's."""

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
"""What Litestar says of a client that goes while its body is read."""

READERS = ("litestar._kwargs.extractors", "litestar._multipart", "litestar.connection.request")
"""The modules that take a request apart."""

LIBRARIES = ("litestar", "msgspec", "multipart", "codecs", "encodings", "tempfile", "anyio")
OURS = "actum"
TELLING = ("actum.http", "actum.runtime.views.reading", "actum.stores.query_slots")
"""Those of Actum's modules that say why they cannot answer in words meant for whoever asked."""

OF_PARSERS = (ValueError, LookupError, TypeError, AttributeError, RuntimeError, SerializationException)
"""What parsers raise of bytes that they cannot read."""

UNSUPPORTED = 415

BAD_FORMS = (
    "Invalid multipart/form-data",
    "Unexpected eof in multipart/form-data",
    "Request Entity Too Large",
)
"""What Litestar says of a form that it cannot take apart; the last, of one that has too many parts."""

NO_FORM = (
    "the body is no form: send parts of multipart/form-data, each with a name, between the boundary that the "
    "Content-Type says, and not more of them than this address takes"
)
UTF_8 = ("", "utf-8", "utf8", "us-ascii")

TRUNCATED = "Input data was truncated"
"""What msgspec says of half a surrogate pair too, where the text that it is in ends."""

TOO_DEEP = "while deserializing"
"""How msgspec ends the message of its RecursionError; one of the application's own has another."""


def has_left(error: BaseException) -> bool:
    """Says whether a request ended because its client went away."""
    return isinstance(error, InternalServerException) and error.detail == LEFT


def is_about_stores(error: BaseException) -> bool:
    """Says whether the words of an error are for operators: they may name servers, tables and files."""
    modules = list(_modules(error.__traceback__))
    origin = modules[-1] if modules else ""
    return _is_in(origin, (OURS,)) and not _is_in(origin, TELLING)


def as_request_error(
    error: Exception, content_type: str, content_encoding: str, charset: str = ""
) -> Exception:
    """Gives what is wrong with a request whose bytes raised an error while they were read, else the error.

    Litestar lets through what its parsers raise for text that is not UTF-8, parts without names, unknown
    character sets. What the author's own code raised is never taken for that, nor what the disk did.
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
            "the body is not whole JSON: it ends too soon, or half a character is in it, as \\ud800"
        )
    return error if is_malformed else Invalid(NO_FORM if is_no_form else _said_of(error))


def _said_of(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "the body is not UTF-8: send text in UTF-8"
    if isinstance(error, SerializationException):
        return str(error)
    return "the body cannot be read: it is not what its Content-Type says"


def _is_from_reading(error: Exception) -> bool:
    """Says whether a library raised an error while it took a request apart, with no author's code between."""
    if not isinstance(error, OF_PARSERS):
        return False
    trail: list[str] = []
    for module in _modules(error.__traceback__):
        trail = [*trail, module] if _is_in(module, LIBRARIES) else []
    return any(_is_in(module, READERS) for module in trail) and not isinstance(error, HTTPException)


def _unsupported(content_type: str, content_encoding: str, charset: str) -> HTTPException | None:
    """Says why a body cannot be read that may be good as what its headers call it."""
    if content_encoding.strip().lower() not in ("", "identity"):
        return HTTPException(
            f"the body's Content-Encoding is {content_encoding}, which is not read here: send it plain",
            status_code=UNSUPPORTED,
            headers={"Accept-Encoding": "identity"},
        )
    if charset.lower() not in UTF_8:
        return HTTPException(
            f"the body's charset is {charset}, which is not read here: send it in UTF-8",
            status_code=UNSUPPORTED,
        )
    if content_type and "json" not in content_type and not content_type.startswith("multipart/"):
        return HTTPException(
            f"the body's Content-Type is {content_type}, and this address takes application/json",
            status_code=UNSUPPORTED,
        )
    return None


def _modules(trace: TracebackType | None) -> Iterator[str]:
    """Gives the names of the modules that an error came through, the one where it was raised last."""
    while trace is not None:
        yield trace.tb_frame.f_globals.get("__name__", "")
        trace = trace.tb_next


def _is_in(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)
