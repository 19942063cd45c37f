"""Commands a second and their latency by the number of callers, as SVG: `python -m benchmarks.curve FILE`."""

import argparse
import gc
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from benchmarks.bank import bare
from benchmarks.commands import ENTITIES, measure
from benchmarks.loop import run
from benchmarks.measure import Sample, median
from benchmarks.place import machine, open_place

CALLERS = [2**power for power in range(13)]
ROUNDS = 3
A_CALLER = 400
"""Commands that each caller sends, within the bounds that follow."""
FEWEST, MOST = 2_000, 200_000

WIDTH, HEIGHT, LEFT, RIGHT, TOP, GAP, LINE = 720, 220, 76, 36, 44, 84, 18
MARKS = 6
"""The most steps of an axis that is not logarithmic."""
# Its own background, because a page may be dark where the reader's system is not.
STYLE = """.page { fill: #fff } text { font: 12px sans-serif; fill: #444 }
.title { font-size: 14px; fill: #111 }
.grid { stroke: #ddd } .line { fill: none; stroke: #085; stroke-width: 2 } .dot { fill: #085 }
@media (prefers-color-scheme: dark) { .page { fill: #161616 } text { fill: #bbb } .title { fill: #eee }
.grid { stroke: #444 } .line { stroke: #2d8 } .dot { fill: #2d8 } }"""


class Axis(Struct, frozen=True):
    """The vertical axis of one panel, from `low` to `high`, with lines at `marks`."""

    title: str
    low: float
    high: float
    marks: Sequence[float]
    is_logarithmic: bool = False

    def place(self, value: float, top: float) -> float:
        """Returns where a value is drawn."""
        scale: Callable[[float], float] = math.log if self.is_logarithmic else float
        share = (scale(value) - scale(self.low)) / (scale(self.high) - scale(self.low))
        return top + HEIGHT * (1 - share)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.curve", description=__doc__)
    parser.add_argument("file", type=Path, help="the SVG file to write")
    file: Path = parser.parse_args().file
    with open_place() as place:
        samples: dict[int, list[Sample]] = {callers: [] for callers in CALLERS}
        for _ in range(ROUNDS):
            for callers, taken in samples.items():
                gc.collect()
                commands = min(max(FEWEST, callers * A_CALLER), MOST)
                taken.append(run(measure(bare, place, callers, ENTITIES, commands)))
        described = machine(place)
    rates = [median(samples[callers], lambda sample: sample.rate) for callers in CALLERS]
    slowest = [median(samples[callers], lambda sample: sample.p99 or 0.0) for callers in CALLERS]
    file.write_text(drawn(rates, slowest, described), encoding="utf-8")
    for callers, rate, p99 in zip(CALLERS, rates, slowest, strict=True):
        print(f"{callers:>6,} callers {rate:>10,.0f} commands a second, p99 {p99:.2f} ms")
    return 0


def drawn(rates: Sequence[float], slowest: Sequence[float], machine: str) -> str:
    """Draws both panels, one above the other."""
    low, high = 10 ** math.floor(math.log10(min(slowest))), 10 ** math.ceil(math.log10(max(slowest)))
    decades = round(math.log10(high / low))
    marks = _marks(max(rates))
    rate = Axis("Commands a second", 0, marks[-1], marks)
    p99 = Axis(
        "99th percentile, ms", low, high, [low * 10**n for n in range(decades + 1)], is_logarithmic=True
    )
    width, bottom = LEFT + WIDTH + RIGHT, TOP + 2 * (HEIGHT + GAP) - LINE
    height = bottom + 2 * LINE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{width}" height="{height}"/>',
        *_panel(rate, rates, TOP),
        *_panel(p99, slowest, TOP + HEIGHT + GAP),
        f'<text x="{LEFT}" y="{bottom}">over {ENTITIES:,} entities; medians of {ROUNDS} rounds</text>',
        f'<text x="{LEFT}" y="{bottom + LINE}">{machine}</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _marks(most: float) -> list[float]:
    """Returns round values from 0 to the first that is not below `most`."""
    power = 10 ** math.floor(math.log10(most))
    step = next(power * n for n in (0.2, 0.25, 0.5, 1, 2, 5) if math.ceil(most / (power * n)) <= MARKS)
    return [step * n for n in range(math.ceil(most / step) + 1)]


def _panel(axis: Axis, values: Sequence[float], top: float) -> list[str]:
    step = WIDTH / (len(values) - 1)
    points = [(LEFT + step * n, axis.place(value, top)) for n, value in enumerate(values)]
    parts = [f'<text class="title" x="{LEFT}" y="{top - 14}">{axis.title}</text>']
    for mark in axis.marks:
        y = axis.place(mark, top)
        parts += [
            f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{LEFT + WIDTH}" y2="{y:.1f}"/>',
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{mark:,g}</text>',
        ]
    for (x, _), callers in zip(points, CALLERS, strict=True):
        parts.append(f'<text x="{x:.1f}" y="{top + HEIGHT + LINE}" text-anchor="middle">{callers:,}</text>')
    middle, below = LEFT + WIDTH / 2, top + HEIGHT + 2 * LINE
    parts.append(f'<text x="{middle}" y="{below}" text-anchor="middle">callers</text>')
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts.append(f'<polyline class="line" points="{path}"/>')
    for (x, y), callers, value in zip(points, CALLERS, values, strict=True):
        told = f"<title>{callers:,} callers: {value:,.2f}</title>"
        parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3">{told}</circle>')
    return parts


if __name__ == "__main__":
    sys.exit(main())
