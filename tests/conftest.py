"""What all tests may ask for, how long they may take, and what is told of those that failed at first."""

import os
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.faults.failing_work",
    "tests.servers.postgres",
    "tests.servers.dynamodb",
    "tests.servers.dynamodb_local",
    "tests.servers.durable_objects",
    "tests.servers.wrangler",
]

OF_TESTS = {"ACTUM_EXAMPLES", "ACTUM_KILLS", "ACTUM_POOLER", "ACTUM_POSTGRES", "ACTUM_SEED"}
OF_TERMINALS = {"COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR", "PYTHONIOENCODING", "TERMINAL_WIDTH"}

# What whoever runs the tests has set for applications or a terminal of their own is nothing to them.
for name in [*os.environ]:
    if name in OF_TERMINALS or (name.startswith("ACTUM_") and name not in OF_TESTS):
        del os.environ[name]

# As long as the machine needs.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Makes a report printable on its way from a worker: tests log half characters, which no UTF-8 holds."""
    return printable((yield))


def printable(value: Any) -> Any:
    """Gives the same value with half characters escaped."""
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {printable(key): printable(each) for key, each in value.items()}
        case list() | tuple():
            return type(value)(map(printable, value))
        case _:
            return value


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Shows why a test had to be run again: a race is to be mended, in the test or in what it tests."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"failed at first: {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)
