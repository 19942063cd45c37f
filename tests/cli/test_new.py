"""A new application: what `actum new` writes passes its own CI; what cannot be written is said."""

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from actum.cli.new.writing import FILES
from tests.cli.commands import PATIENCE, CommandLine, Process

WRITTEN = [
    "shop.py",
    "tests/test_shop.py",
    "pyproject.toml",
    "README.md",
    "Containerfile",
    ".github/workflows/ci.yml",
    ".gitignore",
    ".dockerignore",
]


@pytest.fixture
def made(directory: Path, actum: CommandLine) -> Path:
    """The folder of a new application."""
    assert actum("new", "shop").code == 0
    return directory / "shop"


def run_here(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Runs a line of a shell with what is installed beside this Python, and with nothing from around it."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment = {**own, "PATH": path, "NO_COLOR": "1"}
    return subprocess.run(
        ["sh", "-ec", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_files_are_those_that_are_said(directory: Path, actum: CommandLine) -> None:
    result = actum("new", "shop")

    files = {path.relative_to(directory / "shop") for path in (directory / "shop").rglob("*")}
    assert result.code == 0
    assert {str(file) for file in files if (directory / "shop" / file).is_file()} == set(WRITTEN)
    assert all(f"  shop/{file}" in result.out.splitlines() for file in WRITTEN)
    assert [path.name for path in directory.iterdir()] == ["shop"]


def test_programs_are_told_the_same(directory: Path, actum: CommandLine) -> None:
    (line,) = actum("new", "shop", "--json").lines

    assert line == {"application": "shop:app", "folder": str(directory / "shop"), "files": WRITTEN}


def test_nothing_is_left_to_be_filled_in(made: Path) -> None:
    assert len(FILES) == len(WRITTEN)
    for path in WRITTEN:
        text = (made / path).read_text()
        assert "@name@" not in text
        assert "@version@" not in text


CHECK = "actum schema check shop"
IF_FROZEN = "hashFiles('actum.lock.json') != ''"


def steps(folder: Path) -> list[str]:
    """The commands of the workflow, without that which installs, and what is left out as the folder is."""
    workflow: Any = yaml.safe_load((folder / ".github" / "workflows" / "ci.yml").read_text())
    runs = [step for step in workflow["jobs"]["check"]["steps"] if "run" in step]
    assert {step["run"]: step["if"] for step in runs if "if" in step} == {CHECK: IF_FROZEN}
    is_frozen = (folder / "actum.lock.json").exists()
    found = [step["run"] for step in runs if "if" not in step or is_frozen]
    assert found[0].startswith("pip install ")
    return found[1:]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_its_own_ci_passes_as_it_is(made: Path) -> None:
    commands = steps(made)

    done = [(command, run_here(made, command)) for command in commands]

    assert commands == ["ruff format --check", "ruff check", "mypy", "pytest"]
    failed = [(command, result.stdout + result.stderr) for command, result in done if result.returncode]
    assert failed == []
    assert "3 passed" in done[-1][1].stdout


@pytest.mark.slow
def test_once_its_schema_is_frozen_its_ci_refuses_what_would_break(made: Path) -> None:
    assert CHECK not in steps(made)
    frozen = run_here(made, "actum schema freeze shop")
    assert CHECK in steps(made)

    passed = run_here(made, CHECK)
    code = made / "shop.py"
    code.write_text(re.sub(r"\bFinished\b", "Ended", code.read_text()))
    refused = run_here(made, CHECK)

    assert (frozen.returncode, passed.returncode, refused.returncode) == (0, 0, 1), passed.stdout
    assert "Finished" in refused.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_pyright_finds_nothing_in_it_either(made: Path) -> None:
    done = run_here(made, f"pyright --pythonpath {sys.executable} shop.py tests")

    assert done.returncode == 0, done.stdout


def test_everything_that_its_ci_runs_is_installed_by_it(made: Path) -> None:
    project = tomllib.loads((made / "pyproject.toml").read_text())["project"]
    needed = [line.partition(">")[0].partition("[")[0] for line in project["optional-dependencies"]["dev"]]

    assert project["dependencies"] == [f"actum>={version('actum')}"]
    assert {command.split()[0] for command in steps(made)} <= set(needed)


@pytest.mark.slow
def test_it_is_a_package_that_holds_the_application_alone(made: Path) -> None:
    done = run_here(made, f"{sys.executable} -m hatchling build --target wheel")
    names = run_here(made, f"{sys.executable} -m zipfile --list dist/*.whl").stdout

    assert done.returncode == 0, done.stderr
    assert "shop.py" in names
    assert "test_shop.py" not in names


@pytest.mark.slow
def test_it_runs_and_answers_as_its_readme_says(made: Path) -> None:
    server = Process(made, "dev", "--port", "0", "--no-browser")
    try:
        url = server.url
        planned = httpx.post(f"{url}/tasks/t-1/plan", json={"title": "paint the door"}, timeout=PATIENCE)
        listed = httpx.get(f"{url}/tasks", timeout=PATIENCE).json()
        again = httpx.post(f"{url}/tasks/t-1/plan", json={"title": "paint the door"}, timeout=PATIENCE)
        httpx.post(f"{url}/tasks/t-1/finish", timeout=PATIENCE).raise_for_status()
        said = server.out.wait_for("is finished")
        code = server.stop()
    finally:
        server.kill()

    assert planned.status_code == 201
    assert listed == [{"id": "t-1", "title": "paint the door"}]
    assert (again.status_code, again.json()["code"]) == (422, "planned_before")
    assert said == "t-1 is finished"
    assert code == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("my-shop", "lower-case letters, digits and _, and begin with a letter, as in my_shop"),
        ("Shop", "as in shop"),
        ("3d", "as in d"),
        ("_shop", "as in shop"),
        ("../shop", "as in shop"),
        ("café", "as in caf"),
        ("", "as in shop"),
        ("!", "as in shop"),
        ("import", "is a keyword of Python: choose another name, such as import_app"),
        ("match", "is a keyword of Python"),
        ("json", "is a module of Python's standard library, which it would hide"),
        ("actum", "means something else"),
        ("tests", "means something else"),
        ("litestar", "is a package that is installed here, which it would hide"),
        ("a" * 61, "the name has 61 characters: use at most 60"),
    ],
)
def test_a_name_that_would_not_work_is_refused_with_one_that_would(
    directory: Path, actum: CommandLine, name: str, said: str
) -> None:
    result = actum("new", "--", name)

    assert (result.code, result.out) == (1, "")
    assert said in result.err
    assert len(result.err.splitlines()) == 1
    assert list(directory.iterdir()) == []


def test_a_module_of_the_same_name_in_the_current_folder_does_not_matter(
    directory: Path, actum: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(directory)
    (directory / "shop.py").write_text("")

    assert actum("new", "shop").code == 0


def test_a_folder_with_something_in_it_is_left_alone(directory: Path, actum: CommandLine) -> None:
    (directory / "shop").mkdir()
    (directory / "shop" / "mine").write_text("kept")

    result = actum("new", "shop")

    assert result.code == 1
    assert "exists, and is not empty: choose another name, or remove it" in result.err
    assert [path.name for path in (directory / "shop").iterdir()] == ["mine"]


def test_an_empty_folder_is_filled(directory: Path, actum: CommandLine) -> None:
    (directory / "shop").mkdir()

    assert actum("new", "shop").code == 0
    assert (directory / "shop" / "shop.py").exists()


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_no_folder_is_left_alone(directory: Path, actum: CommandLine, kind: str) -> None:
    if kind == "file":
        (directory / "shop").write_text("kept")
    else:
        (directory / "shop").symlink_to("nowhere")

    result = actum("new", "shop")

    assert result.code == 1
    assert "exists, and is no folder" in result.err


def test_a_place_that_cannot_be_written_to_is_said(
    directory: Path, actum: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)

    result = actum("new", "shop")

    assert result.code == 1
    assert result.err == (
        f"error: cannot write to {directory}: Permission denied; go to a folder in which you may write, and "
        "try again\n"
    )


def test_a_full_disk_leaves_nothing_behind(
    directory: Path, actum: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_text

    def fill_up(path: Path, *arguments: Any, **named: Any) -> int:
        if path.name == "README.md":
            raise OSError(28, "No space left on device")
        return write(path, *arguments, **named)

    monkeypatch.setattr(Path, "write_text", fill_up)

    result = actum("new", "shop")

    assert result.code == 1
    assert "No space left on device" in result.err
    assert list(directory.iterdir()) == []
