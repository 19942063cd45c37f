"""The glossary: every class that it names is in the file that it says."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "actum"
PAGE = (ROOT / "docs" / "glossary.md").read_text()


def rows() -> list[tuple[str, list[Path]]]:
    cells = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
    return [
        (word, [PACKAGE / path for path in re.findall(r"`([\w/.]+)`", rest[-1])])
        for word, *rest in cells
        if len(rest) == 2 and word != "word"
    ]


def test_every_path_exists() -> None:
    named = [path for _, paths in rows() for path in paths]

    assert len(named) > 60
    assert [path for path in named if not path.exists()] == []


def test_every_class_is_in_a_file_that_its_row_names() -> None:
    classes = [(name, paths) for word, paths in rows() for name in re.findall(r"`([A-Z]\w+)`", word)]

    assert len(classes) > 25
    assert [
        name
        for name, paths in classes
        if not any(re.search(rf"^class {name}\b", path.read_text(), re.M) for path in paths)
    ] == []


def test_every_error_is_declared() -> None:
    named = re.findall(r"^\| (`[A-Z].*?) \|", PAGE[PAGE.index("## Errors") :], re.M)
    declared = (PACKAGE / "errors.py").read_text()

    assert [
        name
        for cell in named
        for name in re.findall(r"`(\w+)`", cell)
        if not re.search(rf"^class {name}\b", declared, re.M)
    ] == []
