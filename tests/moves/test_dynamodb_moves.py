"""An application moves to DynamoDB and back: events have other positions there, in the same order."""

from pathlib import Path

import pytest

from actum import Actions, App, Context
from actum.errors import StoreError
from actum.operations.moves.digesting import digest_store
from actum.operations.moves.exporting import export_application
from actum.operations.moves.importing import import_application
from actum.ports.database import NewLetter, Progress
from actum.ports.journal import EventRange
from actum.stores.open import open_stores
from actum.stores.url import join
from tests.moves.ledger import Account, Booked, app, balances, fill

EVENTS, ACCOUNTS = 2_500, 90


def quiet(*_: object) -> None:
    """Reports nothing."""


class Stopped(Exception):
    """Ends a command midway."""


@pytest.fixture
async def source(tmp_path: Path) -> str:
    """A file with a history: an account is erased and begun again, and some is pruned."""
    url = f"sqlite:///{tmp_path / 'source.db'}"
    await fill(url, events=EVENTS, accounts=ACCOUNTS)
    async with app.running(url) as ctx:
        await ctx.delete(Account, "a-1", erase=True)
        await ctx.entity(Account, "a-1").book(8)
        await ctx.delete(Account, "a-2", erase=True)
        await ctx.delete(Account, "a-3")
        await ctx.entity(Account, "a-4", idempotency_key="again").book(5)
    return url


@pytest.fixture
def target(dynamodb_url: str, tmp_path: Path) -> str:
    return join(dynamodb_url, f"sqlite:///{tmp_path / 'beside.db'}")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.export"


async def test_a_file_moves_to_a_table_and_goes_on_there(source: str, target: str, file: Path) -> None:
    exported = await export_application(app, source, file, quiet)
    imported = await import_application(app, target, file, quiet)

    assert (imported.digest, imported.counts) == (exported.digest, exported.counts)
    assert (await digest_store(target, quiet)).digest == (await digest_store(source, quiet)).digest
    async with open_stores(source) as before, open_stores(target) as after:
        last = await before.journal.last()
        [first] = await after.journal.feed(0, 1)
        assert first.position > last
        part = EventRange("Account", "a-5")
        there = await after.journal.read(part)
        assert [one.payload for one in there] == [one.payload for one in await before.journal.read(part)]
        [reply] = await after.journal.replies([("Account", "a-4", "again")])
        assert reply is not None
        assert 0 < reply.position <= await after.journal.last()
    async with app.running(target) as ctx:
        assert (await ctx.state(Account, "a-1")).balance == 8
        version = (await ctx.state(Account, "a-4")).version
        told = await ctx.entity(Account, "a-4", idempotency_key="again").book(5)
        assert told == (await ctx.state(Account, "a-4")).balance
        assert (await ctx.state(Account, "a-4")).version == version
        await ctx.entity(Account, "a-3").book(1)
        assert not (await ctx.history(Account, "a-2"))
    # Of a-3, whose history was pruned, the view there is made of what is left.
    rows = [dict(await balances(url)) for url in (source, target)]
    assert [row.pop("a-3") for row in rows][1] < 100
    assert rows[0] == rows[1]


async def test_an_import_into_a_table_goes_on_where_it_stopped(source: str, target: str, file: Path) -> None:
    exported = await export_application(app, source, file, quiet)
    for part in ("events", "replies"):

        def stop(found: str, done: int, _: int, until: str = part) -> None:
            if found == until:
                raise Stopped

        with pytest.raises(Stopped):
            await import_application(app, target, file, stop)
    imported = await import_application(app, target, file, quiet)

    assert imported.digest == exported.digest
    assert imported.resumed == exported.counts["events"]


async def test_a_table_moves_to_a_file(source: str, target: str, file: Path, tmp_path: Path) -> None:
    await export_application(app, source, file, quiet)
    await import_application(app, target, file, quiet)
    back = f"sqlite:///{tmp_path / 'back.db'}"

    second = await export_application(app, target, tmp_path / "back.export", quiet)
    imported = await import_application(app, back, tmp_path / "back.export", quiet)

    assert imported.counts == second.counts
    assert (await digest_store(back, quiet)).digest == (await digest_store(source, quiet)).digest
    async with app.running(back) as ctx:
        version = (await ctx.state(Account, "a-4")).version
        await ctx.entity(Account, "a-4", idempotency_key="again").book(5)
        assert (await ctx.state(Account, "a-4")).version == version


async def test_what_depends_on_positions_and_cannot_be_translated_is_refused(
    source: str, target: str, file: Path
) -> None:
    actions = Actions()

    @actions.on(Booked)
    async def print_booking(ctx: Context, event: Booked) -> None: ...

    with_action = App("ledger", entities=[Account], actions=[actions])
    async with with_action.running(source):
        pass
    async with open_stores(source) as stores:
        await stores.database.save(
            Progress(
                "print_booking",
                "events",
                before=(last := await stores.database.checkpoint("print_booking", at_first=0)),
                checkpoint=last,
                letters=(NewLetter("print_booking", "Account/a-5", 5, b"", "dead", 1, 0, "broken", 1),),
            )
        )
    await export_application(with_action, source, file, quiet)

    with pytest.raises(StoreError, match="there are letters of the action print_booking"):
        await import_application(with_action, target, file, quiet)
    imported = await import_application(with_action, target, file, quiet, without=["letters"])
    assert imported.counts["events"] > 0


async def test_events_that_an_action_has_not_handled_are_refused(
    source: str, target: str, file: Path
) -> None:
    async with open_stores(source) as stores:
        await stores.database.checkpoint("print_booking", at_first=5)
        await stores.database.set_triggers("print_booking", {"Booked": 0})
    await export_application(app, source, file, quiet)

    with pytest.raises(StoreError, match="the action print_booking has not handled all events"):
        await import_application(app, target, file, quiet)
