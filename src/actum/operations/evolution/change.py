"""Changes between a lock and today's declarations, and the verdicts on them."""

from collections.abc import Iterator, Mapping
from typing import Literal, TypeVar

from msgspec import Struct

T = TypeVar("T")

Verdict = Literal["addition", "compatible", "rollback", "upcast", "history", "clients", "flights", "pending"]

MEANINGS: dict[Verdict, str] = {
    "addition": "new; nothing that exists depends on it",
    "compatible": "what is stored and who calls can live with it",
    "rollback": "works, but the version before it cannot read what this one writes",
    "upcast": "stored events cannot be read, or lose what they say, without an upcast",
    "history": "breaks what is stored, and no upcast can help",
    "clients": "breaks callers that were not changed too",
    "flights": "breaks workflows in flight",
    "pending": "breaks what waits: messages, timers, letters, events that an action has not handled",
}
"""What each verdict means; those before `upcast` break nothing that runs forward."""

BREAKING: frozenset[Verdict] = frozenset({"upcast", "history", "clients", "flights", "pending"})


class Change(Struct, frozen=True, omit_defaults=True):
    """One change: where, what, whom it breaks, why, how to fix it, and the code to write if that is known."""

    verdict: Verdict
    where: str
    what: str
    why: str
    fix: str = ""
    code: str = ""

    @property
    def is_breaking(self) -> bool:
        """Whether something that exists cannot live with it."""
        return self.verdict in BREAKING


def paired(before: Mapping[str, T], after: Mapping[str, T]) -> Iterator[tuple[str, T | None, T | None]]:
    """Gives each name of either side, in order, with what it stood for before and stands for after."""
    for name in sorted(before.keys() | after.keys()):
        yield name, before.get(name), after.get(name)
