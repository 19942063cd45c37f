"""How a running application logs: a line an entry, as text or JSON, with tracebacks only of faulty code."""

import logging
import os
import sys
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import msgspec

from actum.cli.characters import accept_all_characters
from actum.cli.failure import TRACEBACK, explain
from actum.cli.options import LogFormat, LogLevel
from actum.errors import StoreError, TryLater
from actum.model.error_text import error_text, plain_text
from actum.model.routes.own_paths import CONSOLE
from actum.runtime.instruments.running import running
from actum.runtime.instruments.tracing import tracing

MAX_TRACEBACK = 50_000
"""Characters of a traceback that are logged."""
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
REQUESTED = 2
"""The place of the path among the arguments of an entry of `uvicorn.access`."""
OWN_FIELDS: frozenset[str] = frozenset(
    {*logging.makeLogRecord({}).__dict__, "asctime", "color_message", "message", "taskName"}
)
"""What every entry has; the others were given with `extra=`."""
NOISY = ("aiobotocore", "asyncio", "botocore", "httpcore", "urllib3")
"""Loggers of libraries that tell at the level DEBUG what is of use to nobody else."""


ErrorInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class LineFormatter(logging.Formatter):
    """Formats what an operator can fix, such as a full disk, as one line, and the rest with a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        error = _fixable(record)
        if error is None:
            return super().format(record)
        brief = logging.makeLogRecord(record.__dict__ | {"exc_info": None, "exc_text": None})
        return f"{super().format(brief)}: {explain(error)}"

    def formatException(self, ei: ErrorInfo) -> str:
        """Formats a traceback of bounded length that every stream can print."""
        try:
            return plain_text(super().formatException(ei), limit=MAX_TRACEBACK)
        except BaseException as failure:  # noqa: BLE001 (formatting a foreign error may raise anything)
            return f"(its traceback cannot be shown: {error_text(failure)})"


class JsonFormatter(LineFormatter):
    """Formats an entry as one line of JSON.

    It has `time` (UTC), `level`, `logger` and `message`; with an error also `error` and, unless an operator
    can fix it, `traceback`; `correlation_id` where it was logged for a request, an action or a step;
    `trace_id` and `span_id` where that is traced; and whatever was given with `extra=`.
    """

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        correlation_id = running.correlation_id
        if correlation_id is not None:
            entry["correlation_id"] = correlation_id
        ids = tracing.ids()
        if ids is not None:
            entry["trace_id"], entry["span_id"] = ids
        fixable = _fixable(record)
        if fixable is not None:
            entry["error"] = explain(fixable)
        elif record.exc_info and record.exc_info[1] is not None:
            entry["error"] = error_text(record.exc_info[1])
            entry["traceback"] = self.formatException(record.exc_info)
        if record.stack_info:
            entry["stack"] = plain_text(record.stack_info, limit=MAX_TRACEBACK)
        given = {name: value for name, value in record.__dict__.items() if name not in OWN_FIELDS}
        return _json({**given, **entry})


def set_up_logs(*, is_development: bool, level: LogLevel | None, format: LogFormat) -> None:
    """Logs to stderr; in development, every request too."""
    accept_all_characters()
    handler = logging.StreamHandler(sys.stderr)
    is_json = format is LogFormat.JSON
    handler.setFormatter(JsonFormatter() if is_json else LineFormatter(FORMAT))
    running.is_wanted = is_json
    least = logging.WARNING if level is None else logging.getLevelNamesMapping()[level.name]
    logging.basicConfig(level=least, handlers=[handler])
    logging.getLogger("actum").setLevel(logging.INFO if level is None else least)
    requests = logging.INFO if is_development else logging.WARNING
    access = logging.getLogger("uvicorn.access")
    access.setLevel(max(requests, least) if level else requests)
    if is_development and level is not LogLevel.DEBUG:
        access.addFilter(_is_of_application)
    for name in NOISY:
        logging.getLogger(name).setLevel(max(least, logging.INFO))


def _is_of_application(record: logging.LogRecord) -> bool:
    """Says whether a request was for the application, and not for the console, which asks again and again."""
    path = record.args[REQUESTED] if isinstance(record.args, tuple) and len(record.args) > REQUESTED else ""
    return not str(path).startswith(CONSOLE)


def _fixable(record: logging.LogRecord) -> BaseException | None:
    """Returns the error of an entry if an operator can fix it, so that a traceback is of no use."""
    error = record.exc_info[1] if record.exc_info else None
    is_shown_whole = (
        error is None or not isinstance(error, StoreError | TryLater) or os.environ.get(TRACEBACK)
    )
    return None if is_shown_whole else error


def _message(record: logging.LogRecord) -> str:
    try:
        return plain_text(record.getMessage(), limit=MAX_TRACEBACK)
    except Exception as error:  # noqa: BLE001 (what was logged may raise anything)
        return f"{record.msg!r} cannot be formatted: {error_text(error)}"


def _json(entry: dict[str, Any]) -> str:
    try:
        return msgspec.json.encode(entry, enc_hook=_shown).decode()
    except Exception:  # noqa: BLE001 (what was given with `extra=` may be anything)
        return msgspec.json.encode({str(name): _shown(value) for name, value in entry.items()}).decode()


def _shown(value: object) -> str:
    try:
        return plain_text(str(value), limit=MAX_TRACEBACK)
    except Exception as error:  # noqa: BLE001 (its own __str__ may raise anything)
        return f"(cannot be shown: {error_text(error)})"
