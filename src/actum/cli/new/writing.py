"""Writes the files of a new application, all of them or none."""

import os
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path

from actum.cli.failure import CommandFailed

FILES = {
    "application.py.template": "@name@.py",
    "test_application.py.template": "tests/test_@name@.py",
    "pyproject.toml.template": "pyproject.toml",
    "README.md.template": "README.md",
    "Containerfile.template": "Containerfile",
    "ci.yml.template": ".github/workflows/ci.yml",
    "gitignore.template": ".gitignore",
    "dockerignore.template": ".dockerignore",
}
"""The templates, and the path that each has in the new folder; `@name@` stands for the name."""

FOLDER_MODE = 0o777
"""What a folder may be used for by whom, as far as the umask allows."""


def write_application(name: str, parent: Path, *, version: str) -> list[str]:
    """Writes an application into a new folder, and gives the paths of its files there.

    Raises CommandFailed for a folder that has something in it, and for a place that cannot be written to.
    """
    folder = parent / name
    _check_free(folder)
    try:
        draft = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=parent))
    except OSError as error:
        raise _unwritable(parent, error) from error
    try:
        written = [_write(draft, template, path, name, version) for template, path in FILES.items()]
        draft.chmod(FOLDER_MODE & ~_umask())
        draft.rename(folder)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise _unwritable(folder, error) from error
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return written


def _check_free(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise CommandFailed(f"{folder} exists, and is no folder: choose another name, or remove it")
    if folder.is_dir() and any(folder.iterdir()):
        raise CommandFailed(
            f"the folder {folder} exists, and is not empty: choose another name, or remove it"
        )


def _write(draft: Path, template: str, path: str, name: str, version: str) -> str:
    text = (files("actum.cli.new") / "templates" / template).read_text(encoding="utf-8")
    shown = path.replace("@name@", name)
    file = draft / shown
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text.replace("@name@", name).replace("@version@", version), encoding="utf-8")
    return shown


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _unwritable(place: Path, error: OSError) -> CommandFailed:
    return CommandFailed(
        f"cannot write to {place}: {error.strerror}; go to a folder in which you may write, and try again"
    )
