"""The README's own code and commands."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The README's Python, as one module that can be imported."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "readme_bank.py").write_text("\n".join(BLOCKS))
    sys.path.insert(0, str(folder))
    try:
        yield __import__("readme_bank")
    finally:
        sys.path.remove(str(folder))
        del sys.modules["readme_bank"]


async def test_the_script_of_the_readme_runs(module: Any) -> None:
    """What the README asserts of a bank holds."""
    await module.main()


async def test_the_test_of_the_readme_passes(module: Any) -> None:
    """The test that the README shows is a test that passes."""
    await module.test_the_richest_are_listed()


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
