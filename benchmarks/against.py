"""Compares this tree with an earlier revision, by turns: `python -m benchmarks --against REV`."""

import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from msgspec import Struct
from rich.table import Table
from rich.text import Text

HERE = Path(__file__).resolve().parent.parent
ROUNDS = 3
"""Pairs of runs, each of which is the median of several rounds already."""
LEAST = 0.95
"""The ratio below which a line is shown in red."""

Rates = dict[tuple[str, str], list[float]]
Tell = Callable[[str], None]


class NotComparable(Exception):
    """The revision cannot be measured; the text says why."""


class Comparison(Struct, frozen=True):
    """One line: the medians of both, and how many times the earlier rate the later one is, round by round."""

    part: str
    name: str
    before: float
    after: float
    ratios: list[float]

    @property
    def ratio(self) -> float:
        """The median ratio of the rounds."""
        return statistics.median(self.ratios)


@contextmanager
def earlier(revision: str) -> Iterator[Path]:
    """Checks a revision out beside this tree, with the packages it asks for, and removes it afterwards."""
    if not (HERE / ".git").exists():
        raise NotComparable(f"{HERE} is no checkout of git, so that it has no earlier revision")
    with TemporaryDirectory(prefix="actum-against-") as folder:
        tree = Path(folder) / "tree"
        _run(["git", "worktree", "add", "--detach", str(tree), revision], HERE, f"no revision {revision}")
        try:
            _run(["make", "setup"], tree, f"`make setup` fails in {tree}")
            yield tree
        finally:
            _run(["git", "worktree", "remove", "--force", str(tree)], HERE, f"{tree} cannot be removed")


def compared(tree: Path, parts: Sequence[str], *, is_quick: bool, tell: Tell) -> list[Comparison]:
    """Measures each part in the earlier tree and in this one, by turns, and returns the lines that both have.

    Each run is a process of its own, and who begins changes from round to round, so that a machine that gets
    slower favours neither. The earlier tree runs its own benchmarks; parts that it lacks are left out.
    """
    before: Rates = {}
    after: Rates = {}
    known = _parts_of(tree)
    parts = [part for part in parts if part in known]
    for turn in range(ROUNDS):
        for part in parts:
            runs = [(tree, before), (HERE, after)]
            for place, rates in runs if turn % 2 == 0 else reversed(runs):
                tell(f"round {turn + 1} of {ROUNDS}: {part}, {'before' if place is tree else 'after'}")
                for name, rate in _measured(place, part, is_quick=is_quick):
                    rates.setdefault((part, name), []).append(rate)
    return [
        Comparison(
            part,
            name,
            statistics.median(earlier_rates),
            statistics.median(after[part, name]),
            [later / early for early, later in zip(earlier_rates, after[part, name], strict=True)],
        )
        for (part, name), earlier_rates in before.items()
        if (part, name) in after
    ]


def comparison_table(lines: Sequence[Comparison], revision: str, machine: str) -> Table:
    """Draws the lines as one table."""
    table = Table(title=f"This tree, of {revision}", caption=machine, caption_justify="left")
    for name in ("", "before", "after", "ratio", "round by round"):
        table.add_column(name, justify="left" if name == "" else "right")
    for line in lines:
        table.add_row(
            f"{line.part}: {line.name}",
            f"{line.before:,.0f}",
            f"{line.after:,.0f}",
            Text(f"{line.ratio:.2f}", style="red" if line.ratio < LEAST else "green"),
            " ".join(f"{ratio:.2f}" for ratio in line.ratios),
        )
    return table


def _parts_of(tree: Path) -> set[str]:
    program = "from benchmarks.__main__ import GROUPS; print(*GROUPS)"
    return {*_run([_python_of(tree), "-c", program], tree, f"no benchmarks in {tree}").split()}


def _python_of(tree: Path) -> str:
    return sys.executable if tree == HERE else str(tree / ".venv" / "bin" / "python")


def _measured(tree: Path, part: str, *, is_quick: bool) -> Iterator[tuple[str, float]]:
    command = [
        _python_of(tree),
        "-m",
        "benchmarks",
        "--json",
        "--only",
        part,
        *(["--quick"] if is_quick else []),
    ]
    report: dict[str, Any] = msgspec.json.decode(_run(command, tree, f"{part} cannot be measured in {tree}"))
    for group in report["parts"]:
        for line in group["lines"]:
            yield line["name"], line["rate"]


def _run(command: list[str], folder: Path, failure: str) -> str:
    done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise NotComparable(f"{failure}: {done.stderr.strip()[-2_000:]}")
    return done.stdout
