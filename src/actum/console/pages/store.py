"""The page Store: the processes that run on the store, what each does, sizes, versions and settings."""

import os
import platform
import re
from collections import Counter
from importlib.metadata import version
from typing import Any

from litestar import Response
from msgspec import Struct

from actum.console.formats import size, span
from actum.console.links import OF_STORE
from actum.console.page import Page, get
from actum.console.pages.standing import stuck_parts
from actum.console.visit import Visit
from actum.errors import ActumError
from actum.model.error_text import error_message
from actum.operations.reading.store_facts import StoreFacts
from actum.ports.membership import ClusterState, whole_of

DECLARATION = re.compile(r"#[0-9a-f]{12}$")
"""What follows a view's name in that of its assignment: the fingerprint of its declaration."""


class Process(Struct, frozen=True):
    """A process of the cluster: its number, whether it answers here, and how many assignments it has."""

    number: int
    is_this: bool
    count: int


class AssignmentShare(Struct, frozen=True):
    """How many slices of an assignment a process has, of how many; `process` is None if nobody does it."""

    work: str
    process: int | None
    slices: int
    of: int


async def show(visit: Visit) -> Response[Any]:
    """Shows the store, and who works on it."""
    standing = [one for one in await visit.services.readiness.look() if one.part in OF_STORE]
    facts, head, problem = await _facts(visit)
    state = visit.services.cluster.state
    return visit.show(
        "store.html",
        head=head,
        facts=facts,
        problem_text=problem,
        stuck=stuck_parts(visit, standing),
        processes=_processes(state),
        shares=_shares(state),
        settings=_settings(visit),
        is_writing=visit.services.failure is None,
    )


async def _facts(visit: Visit) -> tuple[list[StoreFacts], int | None, str]:
    """Gives what is known about the stores, and why something is missing."""
    try:
        return await visit.shared.store_facts(), await visit.stores.journal.head(), ""
    except ActumError as error:
        return [], None, error_message(error)


def _processes(state: ClusterState | None) -> list[Process]:
    if state is None:
        return []
    counts = Counter(state.owners.values())
    return [Process(number, number == state.me, counts[number]) for number in sorted(state.able)]


def _shares(state: ClusterState | None) -> list[AssignmentShare]:
    """Gives who does what; the slices of an assignment are counted."""
    if state is None:
        return []
    works = {name for able in state.able.values() for name in able}
    totals = Counter(whole_of(name) or name for name in works)
    owned: Counter[tuple[str, int | None]] = Counter()
    for name in works:
        owned[whole_of(name) or name, state.owners.get(name)] += 1
    ordered = sorted(owned.items(), key=lambda one: (one[0][0], one[0][1] or 0))
    return [
        AssignmentShare(DECLARATION.sub("", work), number, count, totals[work])
        for (work, number), count in ordered
    ]


def _settings(visit: Visit) -> list[tuple[str, str]]:
    """Gives how the application is set up; nothing of it is a secret."""
    catalog = visit.catalog
    retention = catalog.key_retention
    return [
        ("Application", visit.app.name),
        ("Mode", "development" if visit.shared.is_development else "production"),
        ("Actum", version("actum")),
        ("Python", platform.python_version()),
        ("Process id", str(os.getpid())),
        ("Entities", str(len(catalog.kinds))),
        ("Views", str(len(catalog.views))),
        ("Actions", str(len({bound.name for bound in catalog.bound}))),
        ("Workflows", str(len(catalog.workflows))),
        ("Personal data", "sealed" if catalog.is_personal else "none declared"),
        ("Queries take at most", span(catalog.query_timeout.total_seconds() * 1_000_000)),
        ("Their answers have at most", size(catalog.query_max_bytes)),
        (
            "Idempotency keys are kept for",
            "ever" if retention is None else span(retention.total_seconds() * 1_000_000),
        ),
    ]


STORE = Page("store", "Store", (get("", show),))
