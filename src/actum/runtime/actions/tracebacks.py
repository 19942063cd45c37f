"""Tracebacks of the last failures of one action, in the memory of the process that runs it."""

import traceback

from actum.model.error_text import error_text, plain_text

MAX_KEPT = 200
MAX_CHARACTERS = 10_000

Place = tuple[str, int]
"""Which item failed: its key and its position."""


class Tracebacks:
    """Where in the code the last items failed. What is about personal data is never kept."""

    def __init__(self) -> None:
        self._kept: dict[Place, str] = {}

    def __repr__(self) -> str:
        return f"<Tracebacks of {len(self._kept)} items>"

    def keep(self, key: str, position: int, error: BaseException) -> None:
        """Keeps where an item failed, in place of what was kept of it, and forgets the oldest of many."""
        self._kept.pop((key, position), None)
        self._kept[key, position] = _formatted(error)
        if len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]

    def of(self, key: str, position: int) -> str:
        """Returns the traceback of an item's last failure in this process, or ""."""
        return self._kept.get((key, position), "")


def _formatted(error: BaseException) -> str:
    try:
        text = "".join(traceback.format_exception(error, limit=-20))
    except BaseException:  # noqa: BLE001 (an error may do anything when it is looked at)
        return error_text(error)
    return plain_text(text[-MAX_CHARACTERS:], limit=MAX_CHARACTERS)
