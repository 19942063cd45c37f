"""The table that is printed."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from benchmarks.results import Line, Part, Ratio


def table_of(parts: Sequence[Part], machine: str) -> Table:
    """Draws all parts as one table."""
    table = Table(title="Actum: medians of several rounds", caption=machine, caption_justify="left")
    table.add_column("")
    for name in ("median", "lowest to highest", "p50 ms", "p99 ms"):
        table.add_column(name, justify="right")
    table.add_column("compared, round by round")
    table.add_column("seen")
    for part in parts:
        table.add_section()
        table.add_row(Text(f"{part.title} ({part.unit})", style="bold"))
        for line in part.lines:
            table.add_row(*_cells(line))
    return table


def _cells(line: Line) -> list[Text]:
    ratios = Text("\n").join(map(_ratio, line.ratios))
    return [
        Text(f"  {line.name}"),
        _judged(f"{line.rate:,.0f}", line.rate, line.least),
        Text(f"{line.lowest:,.0f} to {line.highest:,.0f}"),
        Text("" if line.p50 is None else f"{line.p50:.2f}"),
        Text("" if line.p99 is None else f"{line.p99:.2f}"),
        ratios,
        Text("\n".join(f"{name}: {_number(value)}" for name, value in line.seen.items())),
    ]


def _ratio(ratio: Ratio) -> Text:
    text = f"{ratio.value:.2f} of {ratio.called}"
    if ratio.limit is not None:
        style = "green" if ratio.value <= ratio.limit else "red"
        return Text(f"{text} (at most {ratio.limit:,g})", style=style)
    return _judged(text, ratio.value, ratio.target)


def _judged(text: str, value: float, target: float | None) -> Text:
    if target is None:
        return Text(text)
    return Text(f"{text} (aim: {target:,g})", style="green" if value >= target else "red")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3f}"
