"""Decides when a SQLite file's write-ahead log is moved into the file."""

import os

CHECKPOINT_PAGES = 4_000
CHECKPOINT_COMMITS = 500
"""After a checkpoint the log is overwritten and does not grow, which a disk syncs faster."""
CHECKPOINT_BYTES = 16 * 1024 * 1024
PAGES_A_COMMIT = 4
ROWS_A_PAGE = 8


class Log:
    """How much was written to a file's write-ahead log since its last checkpoint.

    `pages` are estimated from the number of changed rows; large rows show in the log's size. One that
    `is_overdue` is long whatever it holds: it could not be moved.
    """

    def __init__(self, path: str) -> None:
        self._path = f"{path}-wal"
        self._commits = 0
        self._changes = 0
        self._bytes = 0
        self.pages: int = 0
        self.is_overdue: bool = False

    def committed(self, total_changes: int) -> None:
        """Records a commit; `total_changes` is the connection's own count."""
        self._commits += 1
        self.pages += PAGES_A_COMMIT + (total_changes - self._changes) // ROWS_A_PAGE
        self._changes = total_changes

    def is_long(self, size: int) -> bool:
        """Whether the log, which has `size` bytes, should be moved into the file."""
        return (
            self.is_overdue
            or self._commits >= CHECKPOINT_COMMITS
            or self.pages >= CHECKPOINT_PAGES
            or size >= self._bytes + CHECKPOINT_BYTES
        )

    def moved(self) -> None:
        """Records that the log was moved into the file, as far as readers allowed."""
        self._commits = self.pages = 0
        self.is_overdue = False
        self._bytes = os.stat(self._path).st_size
