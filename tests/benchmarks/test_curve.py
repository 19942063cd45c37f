"""The curve: an SVG whose texts neither overlap nor leave the picture, in light and in dark."""

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from benchmarks.curve import CALLERS, STYLE, drawn

SVG = "{http://www.w3.org/2000/svg}"
A_CHARACTER = 7.5
"""Units that a character is wide at most, on average, in 12 px."""
MACHINE = "16 cores, aarch64, darwin, unnamed file system, Python 3.14.10, SQLite 3.53.10, synchronous=FULL"


def texts(svg: str) -> list[tuple[float, float, float, str]]:
    """Returns where each text begins and ends, its line, and what it says."""
    found = []
    for text in ElementTree.fromstring(svg).iter(f"{SVG}text"):
        said = text.text or ""
        x, width = float(text.get("x", "")), len(said) * A_CHARACTER
        begin = {"start": x, "middle": x - width / 2, "end": x - width}[text.get("text-anchor", "start")]
        found.append((float(text.get("y", "")), begin, begin + width, said))
    return sorted(found)


@pytest.mark.parametrize("most", [95.0, 1_000.0, 111_210.0, 950_000.0])
def test_no_text_overlaps_another_or_is_cut(most: float) -> None:
    rates = [most * (number + 1) / len(CALLERS) for number in range(len(CALLERS))]
    slowest = [0.42 * 2**number for number in range(len(CALLERS))]

    svg = drawn(rates, slowest, MACHINE)

    _, _, width, height = map(float, (ElementTree.fromstring(svg).get("viewBox") or "").split())
    placed = texts(svg)
    assert len(placed) > 2 * len(CALLERS)
    assert [said for y, begin, end, said in placed if begin < 0 or end > width or y > height] == []
    overlapping = [
        (left[3], right[3]) for left, right in pairwise(placed) if left[0] == right[0] and right[1] < left[2]
    ]
    assert overlapping == []


def test_the_highest_rate_reaches_far_up() -> None:
    """The axis ends soon after it, at a round number."""
    ElementTree.register_namespace("", SVG.strip("{}"))
    root = ElementTree.fromstring(drawn([111_210.0] * len(CALLERS), [1.0, *[2.0] * 12], MACHINE))

    said = [text.text for text in root.iter(f"{SVG}text")]

    assert "120,000" in said
    assert "140,000" not in said


def test_every_colour_has_another_in_the_dark() -> None:
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)")

    for name in (".page", "text", ".title", ".grid", ".line", ".dot"):
        assert f"{name} {{" in light
        assert f"{name} {{" in dark
