"""Which changes of files matter to a development server: those of sources, and none within an environment."""

from collections.abc import AsyncGenerator, Collection, Sequence
from pathlib import Path

from watchfiles import Change, PythonFilter, awatch

from actum.cli.failure import CommandFailed

ENVIRONMENT = "pyvenv.cfg"
"""The file that is in the folder of every virtual environment."""
DEBOUNCE = 300
"""Milliseconds for which changes that follow one another are collected."""


class SourceFilter(PythonFilter):
    """Lets through the Python files below some folders, unless they are in an environment or a cache."""

    def __init__(self, folders: Sequence[Path]) -> None:
        super().__init__()
        self._folders = frozenset(folders)
        self._environments: dict[Path, bool] = {}

    def __call__(self, change: Change, path: str) -> bool:
        """Says whether a change matters."""
        return super().__call__(change, path) and not self._is_in_environment(Path(path).parent)

    def _is_in_environment(self, folder: Path) -> bool:
        if folder in self._folders or folder == folder.parent:
            return False
        known = self._environments.get(folder)
        if known is None:
            known = (folder / ENVIRONMENT).exists() or self._is_in_environment(folder.parent)
            self._environments[folder] = known
        return known


async def changed_sources(folders: Sequence[Path]) -> AsyncGenerator[Collection[str]]:
    """Gives the paths of sources that have changed, some at a time, until it is closed.

    Raises CommandFailed if the system cannot watch so many files.
    """
    changes = awatch(
        *folders,
        watch_filter=SourceFilter(folders),
        debounce=DEBOUNCE,
        ignore_permission_denied=True,
    )
    try:
        async for found in changes:
            yield sorted({path for _, path in found})
    except OSError as error:
        raise CommandFailed(
            f"cannot watch {', '.join(map(str, folders))} for changes: {error}; set "
            "WATCHFILES_FORCE_POLLING=1 to look at the files again and again instead"
        ) from error
