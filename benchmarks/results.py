"""The summary of the rounds: one line for each contestant, with its ratios to what it is compared with."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

from msgspec import Struct

from benchmarks.measure import Contestant, Effort, Sample, Samples, median, ratio
from benchmarks.place import Place


class Against(Struct, frozen=True):
    """A comparison: the contestant to compare with, its description, and the ratio aimed for.

    What is compared is the rate, or the figure that `of` names. `limit` is the ratio not to be exceeded,
    where less is better.
    """

    base: str
    called: str
    target: float | None = None
    of: str = "rate"
    limit: float | None = None


class Group(Struct, frozen=True):
    """Contestants that are compared: the unit, who takes part, and who is compared with whom."""

    title: str
    unit: str
    contestants: Callable[[Place, Effort], AbstractContextManager[Mapping[str, Contestant]]]
    comparisons: Mapping[str, Sequence[Against]]
    least: Mapping[str, float] = {}


class Ratio(Struct, frozen=True):
    """A median ratio, and the one that is aimed for, or not to be exceeded."""

    called: str
    value: float
    target: float | None
    limit: float | None = None


class Line(Struct, frozen=True):
    """Medians of the rounds; `lowest` and `highest` are the rates of the worst and the best round."""

    name: str
    rate: float
    lowest: float
    highest: float
    p50: float | None
    p99: float | None
    ratios: list[Ratio]
    least: float | None
    seen: dict[str, float]


class Part(Struct, frozen=True):
    """The lines of one group."""

    title: str
    unit: str
    lines: list[Line]


def summed_up(group: Group, samples: Samples) -> Part:
    """Returns a group's lines, in the order of its contestants."""
    return Part(group.title, group.unit, [_line(group, name, samples) for name in samples])


def _line(group: Group, name: str, samples: Samples) -> Line:
    taken = samples[name]
    rates = [sample.rate for sample in taken]
    ratios = [
        Ratio(
            each.called,
            ratio(taken, samples[each.base], lambda sample, of=each.of: sample.figure(of)),  # type: ignore[misc]
            each.target,
            each.limit,
        )
        for each in group.comparisons.get(name, ())
        if each.base in samples
    ]
    return Line(
        name=name,
        rate=median(taken, lambda sample: sample.rate),
        lowest=min(rates),
        highest=max(rates),
        p50=_latency(taken, lambda sample: sample.p50),
        p99=_latency(taken, lambda sample: sample.p99),
        ratios=ratios,
        least=group.least.get(name),
        seen={key: median(taken, lambda sample, key=key: sample.seen[key]) for key in taken[0].seen},  # type: ignore[misc]
    )


def _latency(taken: list[Sample], of: Callable[[Sample], float | None]) -> float | None:
    return median(taken, lambda sample: of(sample) or 0.0) if of(taken[0]) is not None else None
