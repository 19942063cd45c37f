"""What is shown on a terminal while something lasts."""

import re
import sys
from io import StringIO

import pytest

from actum.cli.progress import reported_bytes

CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal(StringIO):
    """A terminal that keeps what is printed."""

    def isatty(self) -> bool:
        return True


def last_line_of(monkeypatch: pytest.MonkeyPatch, *reports: tuple[str, int, int]) -> str:
    """The last line that stderr, a terminal, shows after some reports."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with reported_bytes() as report:
        for one in reports:
            report(*one)
    return CODES.sub("", terminal.getvalue()).strip().splitlines()[-1]


def test_bytes_of_one_part_are_not_shown_as_those_of_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = last_line_of(monkeypatch, ("copying", 70, 90), ("finishing", 0, 0))

    assert shown.startswith("finishing ")
    assert "0/? bytes" in shown


def test_how_many_bytes_of_a_part_are_done_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = last_line_of(monkeypatch, ("checking", 0, 0), ("copying", 70, 90))

    assert shown.startswith("copying ")
    assert "70/90 bytes" in shown


def test_nothing_is_shown_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with reported_bytes() as report:
        report("copying", 70, 90)

    assert capsys.readouterr() == ("", "")
