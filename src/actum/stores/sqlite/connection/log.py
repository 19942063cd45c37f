"""How long a SQLite file's write-ahead log has become."""

import os

CHECKPOINT_PAGES = 4_000
CHECKPOINT_COMMITS = 500
"""A log that begins anew is written over, and not made longer, which a disk syncs faster."""
CHECKPOINT_BYTES = 16 * 1024 * 1024
PAGES_A_COMMIT = 4
ROWS_A_PAGE = 8


class Log:
    """How much went into a file's write-ahead log since it was last moved into the file.

    Pages are estimated from the rows that changed; large rows are noticed by the log's growth.
    """

    def __init__(self, path: str) -> None:
        self._path = f"{path}-wal"
        self._commits = self._pages = 0
        self._changes = 0
        self._bytes = 0

    def committed(self, total_changes: int) -> None:
        """Takes note of a commit; `total_changes` is the connection's own count."""
        self._commits += 1
        self._pages += PAGES_A_COMMIT + (total_changes - self._changes) // ROWS_A_PAGE
        self._changes = total_changes

    def is_long(self, size: int) -> bool:
        """Whether it is time to move it into the file, when it has `size` bytes."""
        return (
            self._commits >= CHECKPOINT_COMMITS
            or self._pages >= CHECKPOINT_PAGES
            or size >= self._bytes + CHECKPOINT_BYTES
        )

    def moved(self) -> None:
        """Takes note that it was moved, as far as readers let it."""
        self._commits = self._pages = 0
        self._bytes = os.stat(self._path).st_size
