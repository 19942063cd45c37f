"""The table: a ratio is green that reaches what is aimed for, or stays within its limit."""

import pytest
from rich.text import Text

from benchmarks.measure import Sample
from benchmarks.results import Against, Group, summed_up
from benchmarks.table import table_of

LIMIT = Against("a", "the p99 of a", of="p99", limit=2)
AIM = Against("a", "a", target=0.5)


@pytest.mark.parametrize(
    ("against", "p99", "told", "style"),
    [
        (LIMIT, 6, "1.50 of the p99 of a (at most 2)", "green"),
        (LIMIT, 9, "2.25 of the p99 of a (at most 2)", "red"),
        (AIM, 6, "0.40 of a (aim: 0.5)", "red"),
    ],
)
def test_a_ratio_is_judged_by_its_limit_or_its_aim(
    against: Against, p99: float, told: str, style: str
) -> None:
    group = Group("", "", lambda *_: None, {"b": [against]})  # type: ignore[arg-type,return-value]
    part = summed_up(group, {"a": [Sample(10, 2, 4)], "b": [Sample(4, 3, p99)]})

    table = table_of([part], "")
    [compared] = [column for column in table.columns if "compared" in str(column.header)]
    *_, cell = compared.cells

    assert isinstance(cell, Text)
    assert cell.plain == told
    assert [span.style for span in cell.spans] == [style]


def test_a_contestant_that_did_not_take_part_is_compared_with_nobody() -> None:
    group = Group("", "", lambda *_: None, {"b": [AIM]})  # type: ignore[arg-type,return-value]

    part = summed_up(group, {"b": [Sample(4)]})

    assert part.lines[0].ratios == []
