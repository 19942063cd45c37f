"""The README's own code and commands."""

import asyncio
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What somebody has who pasted each of README's blocks of Python into the file that it names."""
    folder = tmp_path_factory.mktemp("readme")
    for name, block in zip(("bank.py", "script.py", "test_bank.py"), BLOCKS, strict=True):
        assert f"`{name}`" in README
        (folder / name).write_text(block)
    return folder


def test_the_script_of_the_readme_runs(folder: Path) -> None:
    """Pasted into a file, it ends well, and what it asserts of a bank holds."""
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=folder, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_the_tests_of_the_readme_pass(folder: Path) -> None:
    """Pasted into a file, they pass by the command that stands above them."""
    command = re.findall(r"`(pytest [^`]*)`", README)[0].split()
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


@pytest.mark.slow
async def test_the_requests_of_the_readme_are_answered_as_it_says(folder: Path) -> None:
    """Sent to `actum run bank:app`: a deposit that is repeated, one that is refused, and a list."""
    lines = re.findall(r"^curl .*$", README.partition("## An application")[2], re.MULTILINE)
    deposit, refused, richest = map(shlex.split, lines)

    async with served(folder) as url:
        answers = [ask(command, url) for command in (deposit, deposit, refused, richest)]

    assert answers[:2] == [50, 50]
    assert answers[2]["field"] == "amount"
    assert answers[3] == [{"id": "ann", "balance": 50}]


@asynccontextmanager
async def served(folder: Path) -> AsyncGenerator[str]:
    """`actum run bank:app`, on a port that is free."""
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "actum", "run", "bank:app", "--port", "0"),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert server.stdout is not None
    try:
        while not (found := re.search(rb"http://[\d.:]+", line := await server.stdout.readline())):
            assert line, "the server ended"
        yield found[0].decode()
    finally:
        server.terminate()
        await server.communicate()


def ask(command: list[str], url: str) -> Any:
    """Sends what a line of curl says to another port."""
    method = command[command.index("-X") + 1] if "-X" in command else "GET"
    headers = dict([command[command.index("-H") + 1].split(": ")]) if "-H" in command else {}
    target = next(part for part in command if part.startswith("http://127.0.0.1:8000"))
    return httpx.request(method, url + target.removeprefix("http://127.0.0.1:8000"), headers=headers).json()


@pytest.mark.parametrize("target", re.findall(r"^make (\w+)", README, re.MULTILINE))
def test_every_make_target_of_the_readme_is_there(target: str) -> None:
    """`make` knows each target that the README names."""
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`actum ([a-z-]+(?: list| rebuild)?) ", README))))
def test_every_command_of_the_readme_is_there(command: str) -> None:
    """`actum` knows each command that the README names."""
    asked = [sys.executable, "-m", "actum", *command.split(), "--help"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_every_page_the_readme_links_to_is_there() -> None:
    """No link of the README within the project leads nowhere."""
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
