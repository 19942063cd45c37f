"""A directory with an application in it, and command lines that run there."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.commands import CommandLine, Process

SOURCE = Path(__file__).parent / "shop.py"


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current directory; what is imported from it is forgotten again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    for name in ("ACTUM_STORE", "ACTUM_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def shop(directory: Path) -> Path:
    """The directory, with shop.py in it."""
    (directory / "shop.py").write_text(SOURCE.read_text())
    return directory


@pytest.fixture
def actum(directory: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Runs command lines in this process."""
    return CommandLine(capsys)


@pytest.fixture
def start(directory: Path) -> Iterator[Callable[..., Process]]:
    """Starts command lines in processes of their own, which end with the test at the latest."""
    started: list[Process] = []

    def start_one(*arguments: str) -> Process:
        started.append(Process(directory, *arguments))
        return started[-1]

    yield start_one
    for process in started:
        process.kill()
