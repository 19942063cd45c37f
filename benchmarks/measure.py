"""How results are measured: in several rounds, in each of which everything that is compared takes a turn."""

import gc
import statistics
from collections.abc import Callable, Mapping

from msgspec import Struct, field

from actum.cli.server.serving import settle_memory

MILLISECONDS = 1_000


class Sample(Struct, frozen=True):
    """The result of one run: the rate (a second, or in the group's unit), times of each (ms), and more."""

    rate: float
    p50: float | None = None
    p99: float | None = None
    seen: dict[str, float] = field(default_factory=dict)

    def figure(self, name: str) -> float:
        """Returns the rate, a latency, or what else was seen, by its name."""
        found: float = self.seen[name] if name in self.seen else getattr(self, name)
        return found


class Effort(Struct, frozen=True):
    """How much is done for a result: the number of rounds, and `scale` times the usual work in each.

    One that `is_large` measures the largest sizes too, which take minutes to prepare.
    """

    rounds: int
    scale: float
    is_large: bool = False

    def of(self, usual: int) -> int:
        """Returns how much work is done where `usual` is usual."""
        return max(1, int(usual * self.scale))


FULL = Effort(rounds=5, scale=1.0)
QUICK = Effort(rounds=3, scale=0.25)

Contestant = Callable[[], Sample]
Samples = dict[str, list[Sample]]
Tell = Callable[[str], None]


def compare(contestants: Mapping[str, Contestant], effort: Effort, tell: Tell) -> Samples:
    """Runs each contestant once a round, so that a slow moment of the machine affects all of them."""
    samples: Samples = {name: [] for name in contestants}
    for turn in range(effort.rounds):
        for name, run in contestants.items():
            tell(f"round {turn + 1} of {effort.rounds}: {name}")
            _settle()
            samples[name].append(run())
    return samples


def _settle() -> None:
    """Has garbage collected as `actum run` does it, for whatever is measured."""
    gc.unfreeze()
    settle_memory()


def of_latencies(seconds: list[float], elapsed: float, **seen: float) -> Sample:
    """Makes a sample from the time of each call and the total time."""
    ordered = sorted(seconds)
    return Sample(
        rate=len(ordered) / elapsed,
        p50=ordered[len(ordered) // 2] * MILLISECONDS,
        p99=ordered[len(ordered) * 99 // 100] * MILLISECONDS,
        seen=seen,
    )


def median(samples: list[Sample], of: Callable[[Sample], float]) -> float:
    """Returns the median over the rounds."""
    return statistics.median(map(of, samples))


def ratio(samples: list[Sample], base: list[Sample], of: Callable[[Sample], float]) -> float:
    """Returns the median of the ratios within each round."""
    return statistics.median(of(ours) / of(theirs) for ours, theirs in zip(samples, base, strict=True))
