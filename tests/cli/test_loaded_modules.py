"""What is loaded to show help, to complete a line and to refuse one: nothing that only running needs."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.cli.test_every_command import LEAVES

HEAVY = ("asyncio", "asyncpg", "jinja2", "litestar", "pydantic", "rich", "sqlglot", "uvicorn", "watchfiles")
"""What takes long to import, and what the list of commands does not show."""
MAX_OWN = 12
"""Modules of Actum's own that the list of commands may need."""

RUNNING = (
    "aiobotocore",
    "aiohttp",
    "asyncpg",
    "cryptography",
    "httptools",
    "httpx",
    "jinja2",
    "litestar",
    "opentelemetry",
    "pydantic",
    "rich",
    "sqlglot",
    "sqlite3",
    "uvicorn",
    "watchfiles",
    "actum.access",
    "actum.app",
    "actum.brokers",
    "actum.cli.development",
    "actum.cli.server",
    "actum.console",
    "actum.http",
    "actum.key_services",
    "actum.launch",
    "actum.model.entity",
    "actum.operations",
    "actum.queries",
    "actum.runtime",
    "actum.stores",
    "actum.telemetry",
)
"""What a command needs to run, and not to be described."""
DESCRIBING = {
    "actum.cli.server",
    "actum.cli.server.limits",
    "actum.operations",
    "actum.operations.moves",
    "actum.operations.moves.parts",
    "actum.operations.page",
}
"""Modules of these that hold what a signature names: defaults, limits and choices."""

RUN = """
import sys
from actum.cli.main import main
for line in sys.argv[1:]:
    try:
        main(line.split())
    except SystemExit:
        pass
    print()
    print("loaded:", *sorted(sys.modules))
"""


def loaded_by(*lines: str, directory: Path | None = None, **environment: str) -> list[set[str]]:
    """Runs command lines one after the other in a process of their own: what is loaded after each."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *lines],
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    found = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("loaded:")]
    assert len(found) == len(lines)
    return [set(modules) for modules in found]


def needed_to_run(modules: set[str]) -> list[str]:
    return sorted(
        name
        for name in modules - DESCRIBING
        if any(name == one or name.startswith(f"{one}.") for one in RUNNING)
    )


def first_loaded_by(lines: list[str]) -> dict[str, list[str]]:
    """Gives the lines that load what only running needs, and was not loaded before them."""
    loaded = [set(needed_to_run(modules)) for modules in loaded_by(*lines)]
    added = [sorted(now - before) for before, now in pairwise([set[str](), *loaded])]
    return {line: modules for line, modules in zip(lines, added, strict=True) if modules}


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_the_list_of_commands_is_shown_without_loading_any(option: str) -> None:
    [modules] = loaded_by(option)

    assert [name for name in HEAVY if name in modules] == []
    assert len([name for name in modules if name.startswith("actum")]) <= MAX_OWN


def test_the_help_of_every_command_is_shown_without_what_only_running_needs() -> None:
    names = sorted({*LEAVES, *(name.split()[0] for name in LEAVES)})

    assert first_loaded_by([f"{name} --help" for name in names]) == {}


def test_a_line_that_is_refused_loads_nothing_that_only_running_needs() -> None:
    lines = [*(f"{name} --nonsense" for name in sorted(LEAVES)), "views list", "evnts"]

    assert first_loaded_by(lines) == {}


@pytest.mark.parametrize(
    "line",
    [
        "actum vi",
        "actum views re",
        "actum views list sh",
        "actum run shop --log-format t",
        "actum dead-letters list shop --status d",
        "actum workflows list shop --limit 3 --st",
    ],
)
def test_completion_loads_nothing_that_only_running_needs(shop: Path, line: str) -> None:
    words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)}

    [modules] = loaded_by("", directory=shop, _ACTUM_COMPLETE="complete_bash", **words)

    assert needed_to_run(modules) == []
