"""The chapter on telemetry, its dashboard and its alerts name the metrics that there are."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from actum.runtime.instruments.catalog_of_metrics import METRICS

DOCS = Path(__file__).parents[2] / "docs"
CHAPTER = (DOCS / "telemetry.md").read_text()
DASHBOARD: Any = json.loads((DOCS / "telemetry" / "dashboard.json").read_text())
ALERTS: Any = yaml.safe_load((DOCS / "telemetry" / "alerts.yaml").read_text())
RULES: list[Any] = [rule for group in ALERTS["groups"] for rule in group["rules"]]
SERIES = {
    name
    for metric in METRICS
    for name in (
        [f"{metric.name}{end}" for end in ("_bucket", "_count", "_sum")]
        if metric.kind == "histogram"
        else [metric.name]
    )
}
"""The names under which Prometheus stores what is measured."""
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
EXPRESSIONS = [rule["expr"] for rule in RULES]


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\bactum_\w+", text))


def labels_in(expression: str) -> set[str]:
    """The labels that an expression groups by or selects."""
    grouped = re.findall(r"by \(([^)]*)\)", expression)
    selected = re.findall(r"[{,]\s*(\w+)\s*(?:=~|!~|!=|=)", expression)
    return {label.strip() for part in grouped for label in part.split(",")} | set(selected)


@pytest.mark.parametrize("expression", [*QUERIES, *EXPRESSIONS])
def test_every_metric_and_label_of_the_dashboard_and_the_alerts_exists(expression: str) -> None:
    named = names_in(expression)
    metrics = [metric for metric in METRICS if any(name.startswith(metric.name) for name in named)]

    assert named
    assert named <= SERIES
    assert labels_in(expression) <= {"le", "job", "instance"} | {
        label for metric in metrics for label in metric.labels
    }


def test_every_metric_is_in_the_dashboard() -> None:
    shown = {name for query in QUERIES for name in names_in(query)}

    assert [m.name for m in METRICS if not any(name.startswith(m.name) for name in shown)] == []


def test_each_alert_has_what_an_operator_reads() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]


def test_the_chapter_lists_each_alert() -> None:
    """With how long it has to last, and how bad it is."""
    rows = re.findall(r"^\| `(Actum\w+)` \| .+ \| (\w+) \| (\w+) \|$", CHAPTER, re.MULTILINE)

    assert rows == [(rule["alert"], rule.get("for", "0m"), rule["labels"]["severity"]) for rule in RULES]


def test_a_part_that_lags_is_warned_of_long_before_it_is_critical() -> None:
    """`actum_ready` is 0 from two seconds on, and while a tick of a clock runs."""
    rules = {rule["alert"]: rule for rule in RULES}
    [still] = re.findall(r"actum_lag_seconds < (\d+)$", rules["ActumPartStandsStill"]["expr"].strip())
    [late] = re.findall(r"actum_lag_seconds\) > (\d+)$", rules["ActumLag"]["expr"])

    assert int(still) > int(late) > 0
    for rule in RULES:
        if "actum_ready" in rule["expr"] and "actum_lag_seconds" not in rule["expr"]:
            is_store = 'part="store"' in rule["expr"]
            assert rule["labels"]["severity"] == ("critical" if is_store else "warning")
            assert is_store or "clock" in rule["expr"]


def test_the_chapter_lists_each_metric_with_its_labels() -> None:
    rows = dict(re.findall(r"^\| `(actum_\w+)` \| (.*) \|$", CHAPTER, re.MULTILINE))

    assert rows == {
        metric.name: " | ".join(
            (
                f"{metric.kind}{', s' if metric.unit == 's' else ''}",
                ", ".join(f"`{label}`" for label in metric.labels),
                metric.help,
            )
        )
        for metric in METRICS
    }


@pytest.mark.parametrize("number", range(2))
def test_the_python_of_the_chapter_runs(number: int) -> None:
    """Each block in a process of its own: one of them sets what a process has one of."""
    block = re.findall(r"```python\n(.*?)```", CHAPTER, re.DOTALL)[number]
    done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
