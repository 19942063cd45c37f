"""The page on operating: the hourly backup and the drill that it shows are done, command by command."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import Process

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()
ACTUM = f"{shlex.quote(sys.executable)} -m actum"


def block(language: str, *, of: str) -> str:
    """The one block of a language that contains a text."""
    found = [each for each in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if of in each]
    assert len(found) == 1
    return str(found[0])


def line_of(name: str, *, of: str) -> str:
    """A line of the unit of the backup, as systemd reads it."""
    lines = re.findall(rf"^{name}=(.*)$", block("ini", of="Type=oneshot"), re.MULTILINE)
    [found] = [line for line in lines if of in line]
    return str(found).replace("%%", "%")


def here(command: str) -> str:
    """A command of the page, for the application of this test."""
    command = command.replace("/opt/shop/bin/actum", ACTUM).replace("shop:app", "bank:app")
    return re.sub(r"^actum ", f"{ACTUM} ", command)


def run(command: str, folder: Path) -> str:
    done = subprocess.run(
        command, shell=True, cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the bank of the examples has run on a SQLite file."""
    shutil.copy(ROOT / "examples" / "bank" / "bank.py", tmp_path)
    process = Process(tmp_path, "run", "bank:app", "--port", "0")
    assert process.url
    assert process.stop() == 0
    process.kill()
    (tmp_path / "backups").mkdir()
    return tmp_path


def backup_of(folder: Path) -> Path:
    run(here(line_of("ExecStart", of="actum backup")), folder)
    [file] = (folder / "backups").iterdir()
    return file


def test_the_hourly_backup_is_made_and_kept_while_it_is_young(folder: Path) -> None:
    file = backup_of(folder)
    old = folder / "backups" / "shop-20200101T0300Z.db"
    old.touch()
    archive = old.with_name(f"{old.name}-archive")
    archive.mkdir()
    (archive / "0123.segment").touch()
    for each in (old, archive):
        os.utime(each, (0, 0))

    run(line_of("ExecStartPost", of="find"), folder)

    assert re.fullmatch(r"shop-\d{8}T\d{4}Z\.db", file.name)
    assert [*(folder / "backups").iterdir()] == [file]


def test_the_drill_restores_a_copy_with_the_same_events(folder: Path) -> None:
    file = backup_of(folder)
    commands = block("sh", of="--store sqlite:///drill").splitlines()

    said = [
        run(here(command).replace("backups/shop-20261130T0300Z.db", f"backups/{file.name}"), folder)
        for command in commands
    ]

    assert said[-1] == run(f"{ACTUM} digest bank:app", folder)
    assert (folder / "drill" / "shop.db").exists()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_takes_the_units_of_the_backup(tmp_path: Path) -> None:
    unit = re.sub(
        r"(?m)^(Exec\w+)=/[\w/]+/(?:rsync|mkdir|find)", r"\1=/bin/true", block("ini", of="Type=oneshot")
    )
    (tmp_path / "shop-backup.service").write_text(unit.replace("User=shop\n", ""))
    (tmp_path / "shop-backup.timer").write_text(block("ini", of="OnCalendar"))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "shop-backup.timer")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "shop-backup" not in done.stderr, done.stderr
