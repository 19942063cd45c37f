"""Examines an application, its stores and this machine, beside the process that runs it, if one does."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from actum.app import App
from actum.errors import StoreError
from actum.operations.opening import open_beside
from actum.operations.upkeep.examination.files import (
    examine_archived,
    examine_integrity,
    examine_place,
    examine_settings,
)
from actum.operations.upkeep.examination.finding import LIMIT, Examination, Finding, found_by
from actum.operations.upkeep.examination.machine import examine_machine
from actum.operations.upkeep.examination.opened import examine_access, examine_key, examine_resources
from actum.operations.upkeep.examination.servers import examine_dynamodb, examine_postgres
from actum.operations.upkeep.examination.stores import (
    examine_binding,
    examine_schema,
    examine_time,
    examine_work,
)
from actum.stores.open import SHARED, Stores, file_of
from actum.stores.url import split

UNLIMITED = frozenset({"integrity", "archive", "resource"})
"""What may take as long as it needs: a file is read as a whole, and each resource has a limit of its own."""


async def examine(app: App, url: str, *, reads_all: bool = True) -> AsyncGenerator[Finding]:
    """Examines an application and its stores; gives each finding as soon as it is known.

    Nothing is written, and no store is made. With `reads_all` the whole of a SQLite file is read.
    """
    if url == "memory:":
        raise StoreError("a store in memory ends with its process: name another store")
    for one in examine_machine(url):
        yield one
    async with AsyncExitStack() as stack:
        opened: list[Stores] = []
        for part, examination in _of_stores(url, stack, opened, reads_all=reads_all):
            for one in await _found(part, examination):
                yield one
        for part, examination in _of_application(app, url, opened):
            for one in await _found(part, examination):
                yield one


async def _found(part: str, examination: Examination) -> Sequence[Finding]:
    return await found_by(part, examination, limit=None if part in UNLIMITED else LIMIT)


async def _open(url: str, stack: AsyncExitStack, opened: list[Stores]) -> Sequence[Finding]:
    stores = await stack.enter_async_context(open_beside(url))
    opened.append(stores)
    return await examine_schema(url)


def _of_stores(
    url: str, stack: AsyncExitStack, opened: list[Stores], *, reads_all: bool
) -> list[tuple[str, Examination]]:
    """Lists what is examined of stores from outside, and their opening, where there is something to open."""
    found = _of_servers(url)
    files = [Path(file_of(one)) for one in split(url) if one is not None and one.startswith("sqlite:")]
    for file in files:
        found.append(("store", partial(examine_place, file)))
        if file.is_file():
            found.append(("settings", partial(examine_settings, file)))
            if reads_all:
                found.append(("integrity", partial(examine_integrity, file)))
            found.append(("archive", partial(examine_archived, file, reads_all=reads_all)))
    if all(file.is_file() for file in files):
        found.append(("store", partial(_open, url, stack, opened)))
    return found


def _of_servers(url: str) -> list[tuple[str, Examination]]:
    found: list[tuple[str, Examination]] = []
    for one in split(url):
        scheme = (one or "").partition(":")[0]
        if one is not None and scheme in SHARED:
            found.append(("server", partial(examine_postgres, one)))
        elif one is not None and scheme == "dynamodb":
            found.append(("server", partial(examine_dynamodb, one)))
    return found


def _of_application(app: App, url: str, opened: Sequence[Stores]) -> list[tuple[str, Examination]]:
    found: list[tuple[str, Examination]] = [
        ("access", partial(examine_access, app)),
        ("key", partial(examine_key, app, url, opened[0] if opened else None)),
    ]
    for stores in opened:
        found += [
            ("application", partial(examine_binding, app, stores, url)),
            ("clock", partial(examine_time, stores)),
            ("work", partial(examine_work, app, stores, url)),
        ]
    return [*found, ("resource", partial(examine_resources, app))]
