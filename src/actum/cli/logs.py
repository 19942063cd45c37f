"""How a running application logs: one line an entry, and a traceback only where code has to be fixed."""

import logging
import os
import sys
from types import TracebackType

from actum.cli.characters import accept_all_characters
from actum.cli.failure import TRACEBACK, explain
from actum.errors import StoreError, TryLater
from actum.model.error_text import error_text, plain_text

MAX_TRACEBACK = 50_000
"""Characters of a traceback that are logged."""
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


ErrorInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class LineFormatter(logging.Formatter):
    """Formats what an operator can fix, such as a full disk, as one line, and the rest with a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        if error is None or not isinstance(error, StoreError | TryLater) or os.environ.get(TRACEBACK):
            return super().format(record)
        brief = logging.makeLogRecord(record.__dict__ | {"exc_info": None, "exc_text": None})
        return f"{super().format(brief)}: {explain(error)}"

    def formatException(self, ei: ErrorInfo) -> str:
        """Formats a traceback of bounded length that every stream can print."""
        try:
            return plain_text(super().formatException(ei), limit=MAX_TRACEBACK)
        except BaseException as failure:  # noqa: BLE001 (formatting a foreign error may raise anything)
            return f"(its traceback cannot be shown: {error_text(failure)})"


def set_up_logs(*, is_development: bool) -> None:
    """Logs to stderr; in development, every request too."""
    accept_all_characters()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(FORMAT))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("actum").setLevel(logging.INFO)
    logging.getLogger("uvicorn.access").setLevel(logging.INFO if is_development else logging.WARNING)
