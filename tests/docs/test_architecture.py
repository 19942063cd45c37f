"""The page that says where everything is: every path on it is there, and every folder is on it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
PACKAGE = ROOT / "src" / "actum"
MAX_MODULES = 16


def folders() -> set[Path]:
    return {path.parent for path in PACKAGE.rglob("*.py")}


def test_every_path_on_the_page_exists() -> None:
    named = re.findall(r"`(src/actum/[\w/.]*)`", PAGE)

    assert len(named) > 30
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_name_that_is_to_be_extended_is_where_the_page_says() -> None:
    named = re.findall(r"`([A-Z]{3,})` in `(src/actum/[\w/.]+)`", PAGE)

    assert len(named) >= 3
    assert [
        name for name, path in named if not re.search(rf"^{name}\b", (ROOT / path).read_text(), re.M)
    ] == []


def test_every_folder_of_the_package_is_on_the_page() -> None:
    """Those within a technology are told of once for all, as `connection/`, `journal/`, `database/`."""
    mentioned = set(re.findall(r"`([\w/]+)/`", PAGE))
    inner = {path.relative_to(PACKAGE) for path in folders() if path != PACKAGE}

    missing = {
        path.as_posix()
        for path in inner
        if path.as_posix() not in mentioned and not any(part in mentioned for part in path.parts[1:2])
    }
    assert missing == set()


def test_no_folder_holds_more_modules_than_can_be_read_at_a_glance() -> None:
    crowded = {
        folder.relative_to(PACKAGE).as_posix(): count
        for folder in folders()
        if (count := len(list(folder.glob("*.py")))) > MAX_MODULES
    }

    assert crowded == {}
