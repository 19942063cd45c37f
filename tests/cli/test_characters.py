"""Outputs that are not UTF-8, and arguments that are no text: every command goes through, or says why not."""

import json
import os
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from actum.cli.characters import accept_all_characters
from actum.cli.main import main
from tests.cli.commands import PATIENCE
from tests.cli.filling import fill

NOTE = "emoji \N{PARTY POPPER} and \N{LATIN SMALL LETTER E WITH ACUTE}"
COMMANDS = [
    ("events", "shop"),
    ("events", "shop", "--json"),
    ("ids", "shop", "Order"),
    ("ids", "shop", "Order", "--json"),
    ("entity", "shop", "Order", NOTE),
    ("entity", "shop", "Order", NOTE, "--json"),
    ("views", "list", "shop"),
    ("views", "list", "shop", "--json"),
    ("dead-letters", "list", "shop"),
    ("dead-letters", "list", "shop", "--json"),
    ("schema", "shop"),
    ("migrate", "shop"),
    ("--help",),
    ("run", "--help"),
]


@pytest.fixture
def filled(shop: Path) -> Path:
    fill((NOTE, 3), ("plain", 4))
    return shop


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, encoding: str) -> tuple[int, bytes, bytes]:
    """Gives the exit code of a command, and what it wrote to outputs of an encoding."""
    outputs = BytesIO(), BytesIO()
    out, err = (TextIOWrapper(output, encoding=encoding, write_through=True) for output in outputs)
    code = 0
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        try:
            main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
    return code, outputs[0].getvalue(), outputs[1].getvalue()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_an_output_that_is_not_utf_8_is_no_failure(
    filled: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    for arguments in COMMANDS:
        code, out, err = run(monkeypatch, *arguments, encoding=encoding)

        assert (code, err) == (0, b""), arguments
        out.decode(encoding)


def test_json_in_an_output_of_any_encoding_says_the_same(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments in [each for each in COMMANDS if "--json" in each or each[0] == "schema"]:
        outputs = [run(monkeypatch, *arguments, encoding=each)[1] for each in ("utf-8", "ascii", "utf-16")]

        assert outputs[1].isascii()
        texts = outputs[0].decode(), outputs[1].decode(), outputs[2].decode("utf-16")
        is_whole = arguments[0] == "schema"
        documents = [
            [json.loads(each) for each in ([text] if is_whole else text.splitlines())] for text in texts
        ]
        assert documents[0] == documents[1] == documents[2], arguments
    assert NOTE in run(monkeypatch, "events", "shop", "--json", encoding="utf-8")[1].decode()


def test_an_error_is_said_in_any_encoding(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = run(monkeypatch, "entity", "shop", "Order", "nobody \N{PARTY POPPER}", encoding="ascii")

    assert ended == (1, b"", b"error: there is no Order 'nobody \\U0001f389'\n")


@pytest.mark.parametrize("place", [2, 3])
def test_an_argument_that_is_no_text_is_refused_in_one_line(
    filled: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    arguments = ["entity", "shop", "Order", "a"]
    arguments[place] = os.fsdecode(b"\xff\xfe")

    ended = run(monkeypatch, *arguments, encoding="utf-8")

    message = b"error: the argument '\\udcff\\udcfe' is not text in this terminal's encoding\n"
    assert ended == (1, b"", message)


@pytest.mark.slow
def test_a_process_with_an_output_of_ascii_prints_all_the_same(filled: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "actum", "events", "shop"],
        cwd=filled,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )

    assert b"Order/emoji \\U0001f389 and \\xe9@1" in ended.stdout


def test_output_that_is_closed_takes_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under `actum events shop >&-`, where Python has no stdout at all."""
    monkeypatch.setattr(sys, "stdout", None)

    accept_all_characters()
    with sys.stdout as nowhere:
        print("said")

    assert nowhere.closed
