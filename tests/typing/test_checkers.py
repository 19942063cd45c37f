"""What mypy and pyright, both strict, say of an application as its author has it: outside of this project."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.typing import application

ROOT = Path(__file__).parents[2]
BANK = ROOT / "examples" / "bank" / "bank.py"
PROGRAMS = [BANK, *sorted(path for path in Path(__file__).parent.glob("*.py") if path != Path(__file__))]
CONFIGURATION = f"""
[tool.mypy]
strict = true
disable_error_code = ["empty-body"]

[tool.pyright]
typeCheckingMode = "strict"
pythonVersion = "{sys.version_info.major}.{sys.version_info.minor}"
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of somebody who uses Actum, with the settings that the README gives."""
    (tmp_path / "pyproject.toml").write_text(CONFIGURATION)
    for program in PROGRAMS:
        place = tmp_path / program.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(program, place)
    return tmp_path


def test_an_application_needs_no_cast() -> None:
    """The bank of the design is typed by its annotations alone."""
    text = BANK.read_text()

    assert "cast(" not in text
    assert "type: ignore" not in text


@pytest.mark.parametrize(
    "checker",
    [["mypy", "--explicit-package-bases", "."], ["pyright", "--pythonpath", sys.executable]],
    ids=["mypy", "pyright"],
)
def test_a_strict_checker_takes_what_is_right_and_nothing_else(project: Path, checker: list[str]) -> None:
    """Right calls have their types, and each wrong one is an error where the file says so."""
    done = subprocess.run(
        [sys.executable, "-m", *checker], cwd=project, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


async def test_what_checkers_take_runs() -> None:
    """What declares with every option is an application that answers, and stands still nowhere."""
    await application.script()

    assert await application.trial() == (202, 7)
