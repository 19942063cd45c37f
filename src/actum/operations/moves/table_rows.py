"""The rows of all tables that move with an application, page by page."""

from collections.abc import AsyncIterator, Sequence

import msgspec
from msgspec import Struct

from actum.model.deadlines.deadline import CHECKPOINT as DEADLINES
from actum.operations.moves.parts import SLICES
from actum.operations.moves.whole_checkpoints import Whole, stored_slices, whole_checkpoints
from actum.ports.database import SliceState
from actum.ports.transfer import Row, Transfer
from actum.stores.open import Stores

PAGE = 4_000
CHECKPOINTS, TRIGGERS = "checkpoints", "triggers"


class TablePage(Struct, frozen=True):
    """Some rows of a table."""

    table: str
    columns: Sequence[str]
    rows: Sequence[Row]


async def exported_tables(
    stores: Stores, left_out: frozenset[str], unfinished: set[str]
) -> AsyncIterator[TablePage]:
    """Gives the rows of every table but those that are left out.

    What is stored for slices of actions is given for the actions as a whole too. `unfinished` gets the
    actions for which that is not exact.
    """
    whole = await _whole(stores)
    unfinished.update(action for action, one in whole.items() if not one.is_exact)
    for transfer in (stores.journal.transfer, stores.database.transfer):
        if transfer is None:
            continue
        for table in transfer.tables:
            if table in left_out:
                continue
            if table in (CHECKPOINTS, TRIGGERS, SLICES) and whole:
                yield await _of_actions(transfer, table, whole)
                continue
            async for page in _pages(transfer, table):
                yield _followed_again(page) if stores.host is not None and table == CHECKPOINTS else page


def _followed_again(page: TablePage) -> TablePage:
    """Has deadlines be followed from the first event: those of entities that a host runs are kept there."""
    rows = [row for row in page.rows if row[0] != DEADLINES]
    return TablePage(page.table, page.columns, rows if page.rows else [(DEADLINES, 0)])


async def _pages(transfer: Transfer, table: str) -> AsyncIterator[TablePage]:
    columns = transfer.columns(table)
    after: Row | None = None
    yield TablePage(table, columns, ())
    while rows := await transfer.rows(table, after, PAGE):
        after = rows[-1]
        yield TablePage(table, columns, rows)


async def _of_actions(transfer: Transfer, table: str, whole: dict[str, Whole]) -> TablePage:
    """Gives a table with the progress of actions: each as a whole, or all slices of each."""
    rows: list[Row] = []
    if table == SLICES:
        for action, one in whole.items():
            for number, state in one.slices.items():
                rows.append((action, number, state.checkpoint, _json(state.triggers)))
        return TablePage(table, transfer.columns(table), rows)
    async for page in _pages(transfer, table):
        rows += [row for row in page.rows if row[0] not in whole]
    for action, one in whole.items():
        if table == CHECKPOINTS:
            rows.append((action, one.checkpoint))
        else:
            rows += [(action, name, position) for name, position in one.triggers.items()]
    return TablePage(table, transfer.columns(table), rows)


async def _whole(stores: Stores) -> dict[str, Whole]:
    transfer = stores.database.transfer
    if transfer is None or SLICES not in transfer.tables:
        return {}
    stored = await stored_slices(transfer, SLICES)
    checkpoints: dict[str, int] = {}
    async for page in _pages(transfer, CHECKPOINTS):
        checkpoints |= dict(page.rows)
    triggers: dict[str, dict[str, int]] = {}
    async for page in _pages(transfer, TRIGGERS):
        for action, name, position in page.rows:
            triggers.setdefault(action, {})[name] = position
    base = {
        action: SliceState(position, triggers.get(action, {})) for action, position in checkpoints.items()
    }
    return await whole_checkpoints(stores.journal, stores.database.slices, stored, base)


def _json(triggers: dict[str, int]) -> str:
    return msgspec.json.encode(triggers).decode()
