"""Examines the servers that keep a store: PostgreSQL and DynamoDB."""

from importlib import import_module
from typing import Protocol, cast

from actum.operations.upkeep.examination.finding import Finding, clock_finding, fault, ok, warning
from actum.runtime.clock import SystemClock

OLDEST, NEWEST = 14, 18
"""The versions of PostgreSQL that Actum is made for."""
TOLERANCE = 1.0
"""Seconds that two clocks may be apart."""
TO_THE_SECOND = 2.0
"""The same for a clock of which only whole seconds are known."""


class PostgresExamination(Protocol):
    """The module of the same subject in `stores/postgres`."""

    async def examine_server(self, url: str) -> dict[str, str]:
        """Reads a server's version, settings and time."""
        ...


class DynamoExamination(Protocol):
    """The module of the same subject in `stores/dynamodb`."""

    async def examine_table(self, url: str) -> dict[str, str]:
        """Reads a table's state, and the service's time."""
        ...


async def examine_postgres(url: str) -> list[Finding]:
    """Examines a PostgreSQL server."""
    # By name: an application on a SQLite file does not need the driver.
    module = cast("PostgresExamination", import_module("actum.stores.postgres.examination"))
    facts = await module.examine_server(url)
    return [
        _version(facts["version"]),
        _durability(facts),
        *_role(facts),
        clock_finding("the server", int(facts["now"]), tolerance=TOLERANCE, now=SystemClock().now()),
    ]


async def examine_dynamodb(url: str) -> list[Finding]:
    """Examines a table in DynamoDB."""
    module = cast("DynamoExamination", import_module("actum.stores.dynamodb.examination"))
    facts = await module.examine_table(url)
    found = [_table(facts)]
    if facts["recovery"] == "DISABLED":
        found.append(
            warning(
                "backup",
                "the table cannot be taken back in time",
                "turn point-in-time recovery on; `actum backup` prints the command",
            )
        )
    elif facts["recovery"]:
        found.append(ok("backup", "point-in-time recovery is on"))
    if facts["now"]:
        now = SystemClock().now()
        found.append(clock_finding("DynamoDB", int(facts["now"]), tolerance=TO_THE_SECOND, now=now))
    return found


def _version(version: str) -> Finding:
    what, major = f"PostgreSQL {version}", int(version.partition(".")[0].partition(" ")[0])
    if major < OLDEST:
        return fault("server", f"{what} is too old", f"upgrade it to {OLDEST} or later")
    if major > NEWEST:
        return warning("server", f"{what}: Actum is not tested on it", f"use {NEWEST} or an earlier one")
    return ok("server", what)


def _durability(facts: dict[str, str]) -> Finding:
    """What is off here loses acknowledged events, or the whole database, when the machine fails."""
    names = ("fsync", "full_page_writes", "synchronous_commit", "data_checksums")
    what = ", ".join(f"{name}={facts[name]}" for name in names if facts[name])
    off = [name for name in names[:3] if facts[name] == "off"]
    if off:
        return fault(
            "settings",
            f"{what}: acknowledged events may be lost when the server's machine fails",
            f"set {', '.join(f'{name}=on' for name in off)} in postgresql.conf",
        )
    if facts["data_checksums"] == "off":
        fix = "stop the server, and run pg_checksums --enable"
        return warning("settings", f"{what}: damage of the disk is not noticed", fix)
    return ok("settings", what)


def _role(facts: dict[str, str]) -> list[Finding]:
    if facts["is_standby"] == "true":
        return [fault("server", "it is a standby, which cannot be written", "name the primary in the URL")]
    return []


def _table(facts: dict[str, str]) -> Finding:
    what = f"the table is {facts['status']}, billing {facts['billing']}"
    if facts["status"] not in ("ACTIVE", "UPDATING"):
        return fault("server", what, "wait until it is ACTIVE, or see the AWS console")
    return ok("server", what)
