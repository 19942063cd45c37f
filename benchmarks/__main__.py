"""Runs the benchmarks and prints them: `python -m benchmarks`, which is `make bench`."""

import argparse
import sys
from datetime import UTC, datetime

import msgspec
from msgspec import structs
from rich.console import Console
from rich.status import Status
from rich.table import Table

from benchmarks import (
    access,
    actions,
    claims,
    cold,
    commands,
    console,
    folds,
    growth,
    http,
    memory,
    moves,
    peers,
    postgres,
    rebuild,
    sizes,
    sleeping,
    telemetry,
    views,
    workflows,
)
from benchmarks.against import NotComparable, compared, comparison_table, earlier
from benchmarks.measure import FULL, QUICK, Effort, compare
from benchmarks.place import Place, machine, open_place
from benchmarks.results import Group, Part, summed_up
from benchmarks.table import table_of

GROUPS: dict[str, Group] = {
    "commands": commands.GROUP,
    "cold": cold.GROUP,
    "sizes": sizes.GROUP,
    "http": http.GROUP,
    "folds": folds.GROUP,
    "views": views.GROUP,
    "rebuild": rebuild.GROUP,
    "growth": growth.GROUP,
    "workflows": workflows.GROUP,
    "sleeping": sleeping.GROUP,
    "memory": memory.GROUP,
    "moves": moves.GROUP,
    "postgres": postgres.GROUP,
    "actions": actions.GROUP,
    "peers": peers.GROUP,
    "claims": claims.GROUP,
    "access": access.GROUP,
    "telemetry": telemetry.GROUP,
    "console": console.GROUP,
}
ON_REQUEST = {"peers"}
"""Parts that run only when they are named, because they install other programs first."""


class Report(msgspec.Struct):
    """All results of one run, as `--json` prints them."""

    taken: datetime
    machine: str
    effort: Effort
    parts: list[Part]


def main() -> int:
    arguments = parse()
    effort = structs.replace(QUICK if arguments.quick else FULL, is_large=arguments.large)
    errors = Console(stderr=True)
    names = arguments.only or [name for name in GROUPS if name not in ON_REQUEST]
    if arguments.against:
        return compare_with(arguments.against, names, arguments, errors)
    with open_place() as place, errors.status("Measuring") as status:
        parts = [measured(name, place, effort, status) for name in names]
        report = Report(datetime.now(UTC), machine(place), effort, parts)
    if arguments.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(report)).decode() + "\n")
    else:
        show(table_of(report.parts, report.machine))
    return 0


def compare_with(revision: str, parts: list[str], arguments: argparse.Namespace, errors: Console) -> int:
    """Prints how many times the rate of an earlier revision this tree has."""
    try:
        with earlier(revision) as tree, errors.status("Measuring") as status:
            lines = compared(tree, parts, is_quick=arguments.quick, tell=status.update)
    except NotComparable as error:
        errors.print(f"error: {error}", highlight=False)
        return 1
    if arguments.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(lines)).decode() + "\n")
    else:
        with open_place() as place:
            show(comparison_table(lines, revision, machine(place)))
    return 0


def show(table: Table) -> None:
    """Prints a table, wide enough where it is no terminal that would cut it."""
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def measured(name: str, place: Place, effort: Effort, status: Status) -> Part:
    group = GROUPS[name]
    status.update(f"{name}: preparing")
    with group.contestants(place, effort) as contestants:
        samples = compare(contestants, effort, lambda text: status.update(f"{name}, {text}"))
    return summed_up(group, samples)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=list(GROUPS), help="run only this part; may be repeated"
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer rounds and less work in each; the results are less exact"
    )
    parser.add_argument(
        "--large", action="store_true", help="the largest sizes of growth and rebuild, which take long"
    )
    parser.add_argument("--against", metavar="REV", help="compare this tree with a revision, by turns")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
