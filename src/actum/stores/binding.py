"""Checks that a database belongs to the application and the journal that it is opened with."""

from msgspec import Struct

from actum.errors import ForeignStore
from actum.model.event import Stored
from actum.ports.database import Binding, Database
from actum.ports.journal import Journal

IMPORTING = "import of "
"""What a database belongs to while an import into it has not ended; no application has such a name."""


class Pair(Struct, frozen=True):
    """A journal and a database that are opened together, and their names in messages."""

    journal: Journal
    database: Database
    journal_name: str
    database_name: str


async def bind(application: str, pair: Pair) -> None:
    """Binds a new database to its application and journal; raises ForeignStore for one that is not theirs.

    It is also raised if the journal was restored to an earlier state than the database has seen: views and
    actions would skip what is written next.
    """
    journal, database = pair.journal, pair.database
    identity, last, reached = await journal.identity(), await journal.last(), await database.reached()
    allowance = reached if reached > last else 0
    kept = await database.bind(Binding(application, identity, allowance=allowance))
    why = await misfit(kept, application, pair)
    if why:
        raise ForeignStore(why)
    await record_position(pair)


async def rebind(application: str, pair: Pair) -> tuple[Binding | None, int]:
    """Binds a database again, whatever it was bound to; gives that, and the journal's last position."""
    journal, database = pair.journal, pair.database
    before = await database.binding()
    identity, last = await journal.identity(), await journal.last()
    is_other = before is not None and before.journal != identity
    await database.start_over(Binding(application, identity), last, is_other=is_other)
    await record_position(pair)
    return before, last


async def record_position(pair: Pair) -> None:
    """Records in the database which event is the newest of the journal now."""
    head = await pair.journal.head()
    found = await pair.journal.feed(head - 1, 1) if head else []
    if found:
        await pair.database.record_position(found[0].position, _mark(found[0]))


async def misfit(kept: Binding, application: str, pair: Pair) -> str:
    """Says why a database must not be used, and what to do; "" if it may be."""
    fix = "or run `actum adopt` with the same application and stores, which rebuilds the views"
    if kept.application.startswith(IMPORTING):
        return (
            f"an import into {pair.database_name} has not ended: run `actum import` again with the same "
            "file, and it goes on where it stopped"
        )
    if kept.application != application:
        return (
            f"{pair.database_name} belongs to the application {kept.application!r}, and this is "
            f"{application!r}: name another store; if the application was renamed, run `actum adopt`"
        )
    if kept.journal != await pair.journal.identity():
        return (
            f"{pair.database_name} belongs to another journal than {pair.journal_name}: name the two that "
            f"belong together, {fix}"
        )
    last = await pair.journal.last()
    reached = max(await pair.database.reached(), kept.position)
    if reached > max(last, kept.allowance):
        return (
            f"{pair.database_name} has seen position {reached} of {pair.journal_name}, which ends at {last}: "
            f"the journal was restored to an earlier state; restore the database to the same state, {fix}"
        )
    found = await pair.journal.feed(kept.position - 1, 1) if kept.position else []
    if found and found[0].position == kept.position and _mark(found[0]) != kept.mark:
        return (
            f"{pair.database_name} has seen another event at position {kept.position} of "
            f"{pair.journal_name}: the journal was restored to an earlier state and written to since; "
            f"restore both to the same state, {fix}"
        )
    return ""


def _mark(stored: Stored) -> str:
    """Describes an event by its version and time alone, because its content may have to be erased."""
    return f"{stored.version}@{stored.time}"
