"""What is built of the project, to be installed or unpacked by others."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ONLY_LOADED = {"httptools", "uvloop"}
"""What uvicorn loads by name when it is there."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("built")
    for target in ("wheel", "sdist"):
        command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return folder


@pytest.fixture(scope="module")
def metadata(built: Path) -> Message:
    """What the wheel says of itself."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_string(wheel.read(name).decode())


def test_no_link_on_the_page_of_the_package_needs_the_repository(metadata: Message) -> None:
    page = str(metadata.get_payload())

    assert "docs/guide.md" in page
    assert re.findall(r"\]\((?!https?:)[^)]*\)", page) == []


def test_the_wheel_holds_types_and_the_license_and_no_tests(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = wheel.namelist()

    assert "actum/py.typed" in names
    assert any(name.endswith("/LICENSE") for name in names)
    assert not any(name.startswith(("tests/", "examples/")) for name in names)


def test_the_wheel_holds_all_that_the_console_loads_and_the_licenses_of_others(built: Path) -> None:
    console = ROOT / "src" / "actum" / "console"
    files = {
        path.relative_to(ROOT / "src").as_posix()
        for folder in ("templates", "assets")
        for path in (console / folder).rglob("*.*")
    }
    vendored = [path for path in (console / "assets" / "vendor").iterdir() if path.suffix == ".js"]
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())

    assert files <= names
    assert all((path.parent / f"{path.name.partition('.')[0]}.LICENSE.txt").exists() for path in vendored)
    assert len(vendored) == 1


def test_the_source_distribution_holds_what_its_tests_need(built: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is an unpacked source distribution, not a clone")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}

    assert {name for name in listed.stdout.splitlines() if name not in held} == set()


def test_everything_that_is_required_is_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required = {re.split(r"[>=<;\[ ]", one)[0] for one in project["dependencies"]}
    source = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))

    unused = {
        name
        for name in required - ONLY_LOADED
        if not re.search(rf"^\s*(?:from|import) {name}\b", source, re.MULTILINE)
    }

    assert unused == set()


def test_the_wheel_holds_what_a_new_application_is_written_from(built: Path) -> None:
    templates = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src" / "actum" / "cli" / "new" / "templates").iterdir()
    }
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())

    assert len(templates) == 8
    assert templates <= names
