"""The part `peers`: messages are measured to their reply, and what cannot be installed is left out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks import peer_tools, peers, two_commits
from benchmarks.loop import run
from benchmarks.measure import Effort
from benchmarks.messages import sending
from benchmarks.peer_tools import NotInstalled
from benchmarks.place import Place


class NoServer:
    folder = "/nowhere"


@contextmanager
def no_server(place: Place) -> Iterator[NoServer]:
    yield NoServer()


def refuse(*_: object) -> Path:
    raise NotInstalled("the registry does not answer")


def test_a_message_is_measured_until_its_command_was_answered() -> None:
    """Each of three senders waits for its own replies; the first message of each is not counted."""
    sample = run(sending("memory:", senders=3, messages=12))

    assert sample.rate > 0
    assert sample.figure("p99") >= sample.figure("p50") > 0


def test_what_cannot_be_installed_is_left_out_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(peers, "open_server", no_server)
    monkeypatch.setattr(peers, "peer_python", refuse)
    monkeypatch.setattr(peers, "open_restate", contextmanager(refuse))

    with peers.contestants(Place(tmp_path), Effort(1, 0.01)) as contestants:
        ours = {
            peers.line(name, callers)
            for name in (peers.SQLITE, peers.POSTGRES, peers.WORKFLOW_SQLITE, peers.WORKFLOW_POSTGRES)
            for callers in peers.CALLERS
        }
        assert {*contestants} == ours | {two_commits.SQLITE, two_commits.POSTGRES}
        assert contestants[two_commits.SQLITE]().rate > 0

    assert capsys.readouterr().err == (
        "DBOS is left out: the registry does not answer\nRestate is left out: the registry does not answer\n"
    )


def test_a_machine_without_npm_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_tools, "peer_python", lambda folder: folder)
    monkeypatch.setattr(peer_tools.shutil, "which", lambda name: None)

    with pytest.raises(NotInstalled, match="npm is not installed"):
        peer_tools.restate_server(tmp_path)


def test_a_failed_installation_says_what_the_installer_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_tools.sys, "executable", "/bin/ls")

    with pytest.raises(NotInstalled, match=r"`/bin/ls -m venv .*` failed: .*"):
        peer_tools.peer_python(tmp_path / "peers")
