"""Files of so many entities and events, each filled by a process of its own."""

import subprocess
import sys
from pathlib import Path

import msgspec
from msgspec import Struct

from benchmarks.measure import Sample
from benchmarks.place import Place

PATIENCE = 1_800
"""Seconds that one process may take at most."""


class Size(Struct, frozen=True):
    """So many entities, each with `rounds` commands of `a_command` events."""

    entities: int
    rounds: int
    a_command: int

    @property
    def events(self) -> int:
        """The number of events."""
        return self.entities * self.rounds * self.a_command

    def __str__(self) -> str:
        return f"{self.entities:,} entities, {self.events:,} events"


def fill(place: Place, size: Size) -> tuple[Path, float]:
    """Returns a file with so many entities, and the memory (MB) of the process that filled it."""
    file = place.file()
    sample = process("fill", file, size.entities, size.rounds, size.a_command)
    return file, sample.figure("memory")


def process(way: str, file: Path, *numbers: int) -> Sample:
    """Runs a process that fills or uses a file, and returns what it measured."""
    command = [sys.executable, "-m", "benchmarks.growth_process", way, str(file), *map(str, numbers)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=PATIENCE)
    return msgspec.json.decode(done.stdout, type=Sample)
