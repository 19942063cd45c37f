"""InjectedFaults: how often something is delivered twice, in another order, or cut short by a crash."""

import random
from collections import Counter
from typing import Literal

CrashPoint = Literal["before commit", "after commit", "after effect"]
"""Where an application crashes: before its events are durable; when they are, and nobody has been told; or
when an action, a timer or a step of a workflow has taken effect, and that it is done is not stored yet."""

POINTS: tuple[CrashPoint, ...] = ("before commit", "after commit", "after effect")


class InjectedFaults:
    """The faults that an application under test meets, chosen at random from a seed that repeats them.

    `duplicates`, `reorders` and `crashes` are probabilities from 0 to 1. An event or a message that an action
    has handled is delivered again; so is a request with an Idempotency-Key, whose answers are compared. Items
    of different keys are handled in another order; within a key it stays. While `settle` and `advance` wait,
    the application crashes at some points, at most `max_crashes` times, and starts again on what it has
    stored; `Running.crash` and `Running.crashing` do that at a moment that the test chooses. `met` says what
    happened, in order, and `repr` shows the seed.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        duplicates: float = 0.0,
        reorders: float = 0.0,
        crashes: float = 0.0,
        max_crashes: int = 20,
    ) -> None:
        for name, rate in (("duplicates", duplicates), ("reorders", reorders), ("crashes", crashes)):
            if not 0 <= rate <= 1:
                raise ValueError(f"{name}={rate!r} is no probability: write a number from 0 to 1")
        self.seed = seed
        self.duplicates = duplicates
        self.reorders = reorders
        self.crashes = crashes
        self.met: list[str] = []
        self.is_armed: bool = False
        """Whether it may crash at random now, because the test only waits."""
        self.planned: CrashPoint | None = None
        self._left = max_crashes
        self._counts: Counter[str] = Counter()

    def __repr__(self) -> str:
        return (
            f"InjectedFaults(seed={self.seed}, duplicates={self.duplicates}, reorders={self.reorders}, "
            f"crashes={self.crashes})"
        )

    def is_repeated(self, what: str) -> bool:
        """Decides whether something is delivered twice."""
        return self._note(self._chance("repeat", what).random() < self.duplicates, f"{what} came twice")

    def turns_held(self, what: str) -> int:
        """Decides for how many turns of the event loop an item waits, while those of other keys go on."""
        chance = self._chance("hold", what)
        is_held = self._note(chance.random() < self.reorders, f"{what} was held up")
        return chance.randint(1, 200) if is_held else 0

    def crashes_at(self, point: CrashPoint, what: str) -> bool:
        """Decides whether the application crashes at a point."""
        if self.planned == point:
            self.planned = None
            return self._note(True, f"crash {point}: {what}")
        chance = self._chance(point, what).random()
        if not (self.is_armed and self._left and chance < self.crashes):
            return False
        self._left -= 1
        return self._note(True, f"crash {point}: {what}")

    def _chance(self, kind: str, what: str) -> random.Random:
        """Gives the chance of one decision: the same for the same thing, however others are interleaved."""
        number = self._counts[f"{kind} {what}"]
        self._counts[f"{kind} {what}"] += 1
        return random.Random(f"{self.seed}/{kind}/{what}/{number}")

    def _note(self, is_met: bool, what: str) -> bool:  # noqa: FBT001 (it is the answer that is passed on)
        if is_met:
            self.met.append(what)
        return is_met


def check_point(point: str) -> None:
    """Raises ValueError for what is no point at which an application crashes."""
    if point not in POINTS:
        raise ValueError(f"{point!r} is no point of a crash: there are {', '.join(map(repr, POINTS))}")
