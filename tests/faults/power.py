"""A disk that loses its power: what the scenario wrote and synced, and what of it a power cut may leave."""

import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec import Struct, structs

from tests.faults.strace import PATIENCE, SCENARIO

SECTOR = 512
CALLS = "openat,write,pwrite64,ftruncate,unlink,fsync,fdatasync"
# strace -ff -ttt -T -y -xx: a time, the call, its result, and how long it took.
LINE = re.compile(r"(\d+\.\d+) (\w+)\((.*)\) += (-?\d+)(?:<[^>]*>)?.* <(\d+\.\d+)>$")
FILE = re.compile(r"-?\w+<([^>]*)>")
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


class Written(Struct, frozen=True):
    """Bytes on their way to the disk."""

    path: str
    offset: int
    content: bytes


class Cut(Struct, frozen=True):
    """A file made `size` bytes long, or removed (None)."""

    path: str
    size: int | None


class Begun(Struct, frozen=True):
    """A sync that begins, with a number of its own."""

    path: str
    sync: float


class Synced(Struct, frozen=True):
    """A file, or a folder with its entries, that is on the disk with all that was written before it began."""

    path: str
    sync: float


class Made(Struct, frozen=True):
    """A file that may have been made here."""

    path: str


class Acknowledged(Struct, frozen=True):
    """The scenario said of its next step that it is done."""


Act = Written | Cut | Begun | Synced | Made | Acknowledged


def recorded(store: Path, *options_of_scenario: str) -> list[Act]:
    """Runs the scenario on a store to its end, and gives what it did to the disk, in order."""
    logs = store.parent / "strace"
    logs.mkdir()
    options = ["-ff", "-q", "-ttt", "-T", "-y", "-xx", "-s", "100000", "-o", str(logs / "log")]
    subprocess.run(
        [
            "strace",
            *options,
            "-e",
            f"trace={CALLS}",
            sys.executable,
            str(SCENARIO),
            str(store),
            *options_of_scenario,
        ],
        capture_output=True,
        check=True,
        timeout=PATIENCE,
    )
    timed = [found for log in logs.iterdir() for found in _acts(log.read_text().splitlines(), store)]
    return [act for _, act in sorted(timed, key=lambda one: one[0])]


def left_behind(acts: Iterable[Act], chance: random.Random) -> dict[str, bytes]:
    """Gives the files after a power cut behind these acts.

    What was synced is there. Of what was not, each sector may have reached the disk or not, in any order,
    and so may the entry of a new file in its folder.
    """
    files: dict[str, _File] = {}
    for act in acts:
        match act:
            case Written() | Cut():
                files.setdefault(act.path, _File()).write(act)
            case Made():
                files.setdefault(act.path, _File())
            case Begun():
                if act.path in files:
                    files[act.path].begun[act.sync] = files[act.path].written
            case Synced():
                if act.path in files:
                    files[act.path].sync(files[act.path].begun.pop(act.sync, 0))
                for path, file in files.items():
                    if str(Path(path).parent) == act.path:
                        file.sync_entry()
    found = {path: file.after_power_cut(chance) for path, file in files.items()}
    return {path: content for path, content in found.items() if content is not None}


class _File:
    """One file: what of it is on the disk for certain, and what is on its way."""

    def __init__(self) -> None:
        self.content: bytearray | None = bytearray()
        self.pending: list[Written | Cut] = []
        self.written = 0
        self.begun: dict[float, int] = {}
        self.is_listed = False

    def write(self, act: Written | Cut) -> None:
        self.pending.append(act)
        self.written += 1

    def sync(self, before: int) -> None:
        """Has on the disk for certain what was written before, as far as another sync has not."""
        count = max(0, before - (self.written - len(self.pending)))
        for act in self.pending[:count]:
            self.content = _applied(self.content, act, None)
        del self.pending[:count]

    def sync_entry(self) -> None:
        """Has the folder say for certain that the file is there, or is gone."""
        self.is_listed = True
        if any(isinstance(act, Cut) and act.size is None for act in self.pending):
            self.sync(self.written)

    def after_power_cut(self, chance: random.Random) -> bytes | None:
        if not self.is_listed and chance.random() < 0.5:
            return None
        content = self.content
        share = chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        for act in self.pending:
            if isinstance(act, Written):
                content = _applied(content, act, (chance, share))
            elif chance.random() < share:
                content = _applied(content, act, None)
        return None if content is None else bytes(content)


def _applied(
    content: bytearray | None, act: Written | Cut, luck: tuple[random.Random, float] | None
) -> bytearray | None:
    if isinstance(act, Cut):
        if act.size is None:
            return None
        kept = (content or bytearray())[: act.size]
        return kept + bytes(act.size - len(kept))
    found = bytearray(content or b"")
    for start in range(0, len(act.content), SECTOR):
        if luck is not None and luck[0].random() >= luck[1]:
            continue
        sector = act.content[start : start + SECTOR]
        place = act.offset + start
        found.extend(bytes(max(0, place + len(sector) - len(found))))
        found[place : place + len(sector)] = sector
    return found


def _acts(lines: Iterable[str], store: Path) -> Iterator[tuple[float, Act]]:
    for line in lines:
        found = LINE.match(line)
        if found is None or int(found[4]) < 0:
            continue
        act = _act(found[2], found[3], int(found[4]), store)
        began = float(found[1])
        if isinstance(act, Begun):
            yield began, structs.replace(act, sync=began)
            # What was written before a sync began is synced when it ends.
            yield began + float(found[5]), Synced(act.path, began)
        elif act is not None:
            yield began, act


def _act(call: str, arguments: str, result: int, store: Path) -> Act | None:
    texts = [_text(text) for text in TEXT.findall(arguments)]
    if call == "write":
        return Acknowledged() if texts[0].startswith(b"acknowledged") else None
    on_path = call in ("openat", "unlink")
    path = texts[-1].decode() if on_path else _text(FILE.match(arguments)[1]).decode()  # type: ignore[index]
    if path == str(store.parent) and call != "openat":
        return Begun(path, 0)
    if not path.startswith(str(store)) or path.endswith(("-shm", "-lock")):
        return None
    numbers = [int(number) for number in re.findall(r", (\d+)", arguments)]
    acts: dict[str, Callable[[], Act]] = {
        "openat": lambda: Made(path),
        "unlink": lambda: Cut(path, None),
        "pwrite64": lambda: Written(path, numbers[-1], texts[0][:result]),
        "ftruncate": lambda: Cut(path, numbers[-1]),
    }
    return acts.get(call, lambda: Begun(path, 0))()


def _text(hexadecimal: str) -> bytes:
    return bytes.fromhex(hexadecimal.replace("\\x", ""))
