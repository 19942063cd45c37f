"""Which application a project names: `app = "shop:app"` below `[tool.actum]` in its pyproject.toml."""

import tomllib
from pathlib import Path
from typing import Any

from actum.errors import DefinitionError

PROJECT = "pyproject.toml"


def application_of(folder: Path) -> str | None:
    """Gives the application of a project's folder as MODULE:APP, or None if it names none.

    Raises DefinitionError for a file that cannot be read, or that names it by anything but a text.
    """
    try:
        settings: Any = tomllib.loads((folder / PROJECT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DefinitionError(f"{PROJECT} cannot be read: {error}") from error
    found: Any = settings
    for part in ("tool", "actum", "app"):
        found = found.get(part) if isinstance(found, dict) else None
    if found is None or isinstance(found, str):
        return found
    raise DefinitionError(f'{PROJECT}: app= below [tool.actum] is {found!r}: write app = "shop:app"')
