"""The ten-minute start, done: each command of the page, in order, and what the page says is seen."""

import itertools
import json
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.commands import PATIENCE, Process

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "start.md").read_text()
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
SHOWN = [
    (sh, text) for (kind, sh), (next, text) in itertools.pairwise(BLOCKS) if (kind, next) == ("sh", "text")
]
ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where `actum new shop` was run, and printed what the page says."""
    begun = Process(tmp_path, *words("actum new shop"))
    assert begun.end() == 0
    assert list(begun.out.rest()) == seen("actum new shop").splitlines()
    begun.kill()
    return tmp_path / "shop"


@pytest.fixture
def server(folder: Path) -> Iterator[Process]:
    """`actum dev`, on a port that is free."""
    process = Process(folder, *words("actum dev"), "--port", "0", "--no-browser")
    yield process
    process.kill()


def words(command: str) -> list[str]:
    """The words of a command of the page, without `actum`."""
    assert any(command in sh for sh, _ in SHOWN), command
    return command.split()[1:]


def seen(command: str, number: int = 0) -> str:
    """What the page says is seen after a command; one that comes several times has a number."""
    return [text for sh, text in SHOWN if command == sh.splitlines()[-1]][number]


def ask(url: str, command: str) -> httpx.Response:
    """Sends what a line of curl says."""
    parts = shlex.split(command)
    body = parts[parts.index("--json") + 1] if "--json" in parts else None
    method = "POST" if body is not None or "POST" in parts else "GET"
    [target] = [part for part in parts if part.startswith(ADDRESS)]
    headers = {"Content-Type": "application/json"} if body is not None else {}
    return httpx.request(
        method, url + target.removeprefix(ADDRESS), content=body, headers=headers, timeout=PATIENCE
    )


def curls() -> list[str]:
    """The lines of curl on the page, in their order."""
    return [
        line for kind, sh in BLOCKS if kind == "sh" for line in sh.splitlines() if line.startswith("curl")
    ]


def fits(found: Any, expected: Any) -> bool:
    """Whether an answer is what the page shows, where … stands for any text."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(
            fits(found[name], value) for name, value in expected.items()
        )
    return bool(expected in ("…", found))


def changed_as_shown(source: str) -> str:
    """The source with each change of the page, whose lines without - and those without + it has once."""
    for _, diff in (block for block in BLOCKS if block[0] == "diff"):
        lines = diff.splitlines()
        former = "\n".join(line[1:] for line in lines if not line.startswith("+"))
        assert source.count(former) == 1, former
        source = source.replace(former, "\n".join(line[1:] for line in lines if not line.startswith("-")))
    return source


def wait_until_listed(url: str, command: str, expected: Any) -> None:
    """Returns when the view, which may lag behind another request, shows what is expected."""
    deadline = time.monotonic() + PATIENCE
    while (found := ask(url, command).json()) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


@pytest.mark.slow
def test_each_step_shows_what_the_page_says(folder: Path, server: Process) -> None:
    url = server.url
    plan, shown_by_location, listed, again, empty, another, finish, with_day, changed, broken, mended = (
        curls()
    )

    printed = [f"shop is running at {url}", *(server.out.wait_for("  ") for _ in range(3))]
    assert "\n".join(printed).replace(url, ADDRESS) == seen("actum dev").rstrip()

    planned = ask(url, plan)
    assert (planned.status_code, planned.text) == (201, seen(plan).strip())
    assert shown_by_location.endswith(planned.headers["location"])
    assert ask(url, shown_by_location).json() == json.loads(seen(shown_by_location))
    events = Process(folder, *words("actum events shop"))
    events.end()
    [line] = events.out.rest()
    events.kill()
    assert re.sub(r"\d{4}-\S+ \S+Z", "TIME", line) == seen("actum events shop").rstrip("\n")
    assert ask(url, listed).json() == json.loads(seen(listed))
    assert fits(ask(url, again).json(), json.loads(seen(again, 1)))
    assert fits(ask(url, empty).json(), json.loads(seen(empty)))
    assert ask(url, another).is_success
    assert ask(url, finish).is_success
    server.out.wait_for("t-1 is finished")

    source = folder / "shop.py"
    source.write_text(changed_as_shown(source.read_text()))
    assert server.out.wait_for("changed") == "changed: shop.py; loading it again"
    server.out.wait_for("shop is running again")

    assert ask(url, with_day).text == seen(with_day).strip()
    wait_until_listed(url, changed, json.loads(seen(changed, 1)))

    whole = source.read_text()
    source.write_text(whole.replace("class Task(Entity):", "class Task(Entity)"))
    server.err.wait_for("SyntaxError")
    shown = ask(url, broken).text
    number = whole.partition("class Task(Entity)")[0].count("\n") + 1
    assert shown.startswith(re.sub(r"py:\d+", f"py:{number}", seen(broken, 2).strip()))
    assert f"shop.py:{number}" in seen(broken, 2)

    source.write_text(whole)
    server.out.wait_for("shop is running again")
    assert ask(url, mended).json() == json.loads(seen(mended, 3))
    assert server.stop() == 0


def test_the_start_of_the_readme_is_that_of_the_page() -> None:
    section = README.partition("## Start")[2].partition("\n## ")[0]
    lines = [
        line for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL) for line in block.splitlines()
    ]
    page = "".join(sh for kind, sh in BLOCKS if kind == "sh")

    assert len(lines) == 7
    assert [line for line in lines if not line.startswith("pip ") and line not in page] == []
