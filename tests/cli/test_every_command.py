"""What every command keeps, those yet to be written too: `--json`, `--debug`, one line for a failure."""

import asyncio
import importlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actum.cli.commands import COMMANDS, load
from actum.cli.loading import load_app
from tests.cli.commands import PATIENCE, CommandLine, Process
from tests.cli.filling import fill

OFFICE = Path(__file__).parent / "office.py"
KEY = "x" * 43 + "="

SERVERS = {"run", "dev", "durable-objects dev"}
"""The commands that serve, and print no data."""

LINES: dict[str, list[str]] = {
    "new": ["shop"],
    "migrate": ["APP"],
    "events": ["APP"],
    "entity": ["APP", "Clerk", "ann"],
    "ids": ["APP", "Clerk"],
    "views list": ["APP"],
    "views show": ["APP", "wages"],
    "views retry": ["APP", "wages"],
    "actions list": ["APP"],
    "queues list": ["APP"],
    "timers": ["APP"],
    "dead-letters list": ["APP"],
    "dead-letters show": ["APP", "1"],
    "dead-letters retry": ["APP", "--all"],
    "dead-letters skip": ["APP", "1"],
    "dead-letters edit": ["APP", "MESSAGE"],
    "workflows list": ["APP"],
    "workflows show": ["APP", "Trip", "t-1"],
    "workflows signal": ["APP", "Trip", "t-1", "Done", '{"by":"ann"}'],
    "workflows pause": ["APP", "Trip", "t-1"],
    "workflows resume": ["APP", "Trip", "t-1"],
    "workflows cancel": ["APP", "Trip", "t-1"],
    "workflows retry": ["APP", "Trip", "t-1"],
    "workflows restart": ["APP", "Trip", "t-1"],
    "audit": ["APP"],
    "audit forget": ["APP", "--older-than", "1m"],
    "backup": ["APP", "backup.db"],
    "archive": ["APP", "--older-than", "365d"],
    "digest": ["APP"],
    "schema freeze": ["APP"],
    "replies forget": ["APP", "--older-than", "1m"],
    "claims rebuild": ["APP"],
    "forget": ["APP", "bob"],
    "export-person": ["APP", "ann"],
    "keys new": [],
    "keys rotate": ["APP"],
    "access rules": ["APP"],
    "access new-key": [],
    "adopt": ["APP"],
    "schema": ["APP"],
}
"""A line for each command that prints data; APP is an application, and MESSAGE the letter of a message."""

ERRANDS = "run_errand@queue:errands"
MAY_PRINT_NOTHING = {"audit"}
"""Commands whose list is empty in the office."""

REFUSED = {
    "access rules": "Access(",
    "workflows resume": "is running",
    "workflows retry": "is running",
}
"""What the office has not, or its workflows are in no state for, and what is said of it."""


def leaves() -> Iterator[tuple[str, Any]]:
    """Gives each command by its name, such as `views list`."""

    def below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        found = getattr(command, "commands", None)
        if found is None:
            yield name, command
        for each in found or ():
            yield from below(f"{name} {each}", found[each])

    for name in COMMANDS:
        yield from below(name, load(name))


LEAVES = dict(leaves())


def options_of(command: Any) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


def takes_application(name: str) -> bool:
    return any(parameter.name == "app" for parameter in LEAVES[name].params)


@pytest.fixture
def office(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory with an office in it, whose store is filled."""
    monkeypatch.setenv("ACTUM_KEY", KEY)
    (directory / "office.py").write_text(OFFICE.read_text())
    importlib.invalidate_caches()
    load_app("office")
    asyncio.run(sys.modules["office"].fill())
    return directory


@pytest.mark.parametrize("name", sorted(LEAVES))
def test_every_command_says_what_it_is_for_and_shows_tracebacks_on_request(name: str) -> None:
    assert LEAVES[name].help
    assert "--debug" in options_of(LEAVES[name])


@pytest.mark.parametrize("name", sorted(set(LEAVES) - SERVERS))
def test_every_command_that_prints_data_prints_json(name: str) -> None:
    assert "--json" in options_of(LEAVES[name])


@pytest.mark.parametrize("group", sorted({name.split()[0] for name in LEAVES if name.endswith(" list")}))
def test_a_group_that_lists_does_so_without_its_list_command(
    office: Path, actum: CommandLine, group: str
) -> None:
    asked, misspelt = actum(group, "office"), actum(group, "lst", "office")

    assert asked == actum(group, "list", "office")
    assert asked.code == 0
    assert misspelt.code == 2
    assert "No such command 'lst'. Did you mean 'list'" in misspelt.err


@pytest.mark.parametrize("name", [name for name in sorted(LINES) if name not in REFUSED])
def test_json_is_one_object_a_line_and_nothing_else(office: Path, actum: CommandLine, name: str) -> None:
    letters = actum("dead-letters", "list", "office", "--action", ERRANDS, "--json").lines
    meant = {"APP": "office:app", "MESSAGE": str(letters[0]["id"])}
    arguments = [meant.get(one, one) for one in LINES[name]]

    result = actum(*name.split(), *arguments, "--json")

    assert (result.code, result.err) == (0, "")
    assert result.out or name in MAY_PRINT_NOTHING
    for line in result.out.splitlines():
        assert isinstance(msgspec.json.decode(line), dict)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_said_on_stderr_and_no_data(office: Path, actum: CommandLine, name: str) -> None:
    arguments = ["office:app" if one == "APP" else one for one in LINES[name]]

    result = actum(*name.split(), *arguments, "--json")

    assert (result.code, result.out) == (1, "")
    assert REFUSED[name] in result.err


APPLICATIONS = {
    "nowhere": (["nowhere:app"], "there is no module 'nowhere'"),
    "broken": (["broken:app"], "broken.py:1: ZeroDivisionError"),
    "unnamed": (["plain:app"], "plain has no 'app'; it has no App"),
    "other": (["plain:other"], "plain:other is of the class int, not an App"),
    "misspelt": (["plain.py"], "'plain.py' is not a module's name"),
}
STORES = {
    "scheme": "nonsense://there",
    "missing": "sqlite:///nowhere/none.db",
    "forbidden": "sqlite:////dev/null/none.db",
    "unreachable": "postgresql://127.0.0.1:1/none",
    "malformed": "postgresql://[/",
}
NAMED = [name for name in sorted(LEAVES) if name in LINES or name in SERVERS]


def line_of(name: str, app: str) -> list[str]:
    given = LINES.get(name, ["APP"])
    meant = {"APP": app, "MESSAGE": "1"}
    return [*name.split(), *(meant.get(one, one) for one in given)]


def check_failure(result: Any, said: str = "") -> None:
    assert result.code == 1
    assert result.out == ""
    assert result.err.startswith("error: ")
    assert len(result.err.splitlines()) == 1
    assert said in result.err


@pytest.mark.parametrize("why", APPLICATIONS)
@pytest.mark.parametrize("name", [name for name in NAMED if takes_application(name)])
def test_an_application_that_cannot_be_had_is_one_line(
    directory: Path, actum: CommandLine, name: str, why: str
) -> None:
    if name == "dev" and why not in ("nowhere", "misspelt"):
        pytest.skip("it shows what cannot be loaded in the browser, and goes on")
    (directory / "broken.py").write_text("1 / 0\n")
    (directory / "plain.py").write_text("other = 1\n")
    [app], said = APPLICATIONS[why]

    check_failure(actum(*line_of(name, app)), said)


@pytest.mark.parametrize("why", STORES)
@pytest.mark.parametrize(
    "name", [name for name in NAMED if name not in SERVERS and "--store" in options_of(LEAVES[name])]
)
def test_a_store_that_cannot_be_had_is_one_line(
    directory: Path, actum: CommandLine, monkeypatch: pytest.MonkeyPatch, name: str, why: str
) -> None:
    if (name, why) == ("backup", "unreachable"):
        pytest.skip("it asks no server, and names the commands of its own tools")
    monkeypatch.setenv("ACTUM_KEY", KEY)
    (directory / "office.py").write_text(OFFICE.read_text())

    check_failure(actum(*line_of(name, "office:app"), "--store", STORES[why]))


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_traceback_is_asked_for_before_the_command_and_after_it(
    directory: Path, actum: CommandLine, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("ACTUM_TRACEBACK", "")
    (directory / "broken.py").write_text("1 / 0\n")
    command = ["views", "list", "broken"]

    result = actum(*(["--debug", *command] if place == "before" else [*command, "--debug"]))

    assert result.code == 1
    assert "Traceback (most recent call last)" in result.err
    assert result.err.splitlines()[-1].startswith("error: broken cannot be imported")


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2_000])
def test_a_reader_that_goes_away_ends_a_command_in_silence(shop: Path, count: int) -> None:
    fill(*((f"o-{number}", number) for number in range(count)))
    process = subprocess.Popen(
        [sys.executable, "-m", "actum", "events", "shop"],
        cwd=shop,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None

    process.stdout.close()
    said = process.stderr.read()
    code = process.wait(PATIENCE)

    process.stderr.close()
    assert (code, said) == (1, "")


@pytest.mark.slow
def test_ctrl_c_ends_a_command_in_silence(directory: Path, start: Callable[..., Process]) -> None:
    (directory / "lasting.py").write_text("import time\nprint('loading', flush=True)\ntime.sleep(600)\n")
    process = start("schema", "lasting")
    process.out.wait_for("loading")

    code = process.stop(signal.SIGINT)

    assert (code, [line for line in process.err.rest() if line]) == (130, [])
