"""Finds the application of a folder without importing it: as pyproject.toml names it, or the only one."""

import re
from pathlib import Path

from actum.cli.failure import CommandFailed
from actum.project import application_of

MADE = re.compile(r"^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)*App\(", re.MULTILINE)
"""An application made at the top level of a module, as in `app = App("shop", …)`."""
MENTION = "actum"
NO_MODULES = frozenset({"conftest", "setup"})
TESTS = ("test_", "tests")
MAX_BYTES = 1_000_000


def find_application(folder: Path) -> str:
    """Gives the application of a folder as MODULE:APP.

    Raises CommandFailed, and says what to write, if pyproject.toml names none and there are several or none,
    and DefinitionError if it names one in a wrong way.
    """
    named = application_of(folder)
    if named is not None:
        return named
    found = find_applications(folder)
    if len(found) == 1:
        return found[0]
    if not found:
        raise CommandFailed(
            f"there is no application in {folder}: go to its folder, name it as MODULE:APP, or begin one "
            "with actum new NAME"
        )
    raise CommandFailed(
        f"{folder} has several applications: name one of {', '.join(found)}, or write "
        f'app = "{found[0]}" below [tool.actum] in pyproject.toml'
    )


def find_applications(folder: Path) -> list[str]:
    """Gives, as MODULE:APP, the applications that the modules of a folder and of its packages make."""
    paths = sorted(folder.glob("*.py")) + [
        path
        for package in sorted(folder.glob("*/__init__.py"))
        for path in sorted(package.parent.glob("*.py"))
    ]
    return [
        f"{_module(folder, path)}:{name}"
        for path in paths
        if _is_module(folder, path)
        for name in _made_in(path)
    ]


def _is_module(folder: Path, path: Path) -> bool:
    parts = path.relative_to(folder).with_suffix("").parts
    return not any(part in NO_MODULES or part.startswith(TESTS) or not part.isidentifier() for part in parts)


def _module(folder: Path, path: Path) -> str:
    parts = path.relative_to(folder).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _made_in(path: Path) -> list[str]:
    try:
        if path.stat().st_size > MAX_BYTES:
            return []
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    return MADE.findall(text) if MENTION in text else []
