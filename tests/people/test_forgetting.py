"""G17: after `forget`, no plaintext of a person is left, histories fold, and others are untouched."""

import asyncio
import base64
import os
from pathlib import Path
from typing import Any

import pytest

from actum import FORGOTTEN
from actum.key_services.open import new_key
from actum.stores.dynamodb.connection.client import DynamoTable
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.url import join, split
from actum.testing import testing
from actum.testing.application import Running
from tests.people.filling import SECRETS, fill
from tests.people.members import (
    ANN,
    BOB,
    BOB_NAME,
    BOB_STREET,
    Address,
    Contact,
    Contacts,
    Deliveries,
    Member,
    Order,
    app,
)
from tests.servers.postgres import pg_dump


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTUM_KEY", new_key())


@pytest.fixture(params=["sqlite", "postgresql", "dynamodb", "dynamodb_local"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store of each technology."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'members.db'}"
    elif request.param == "postgresql":
        return str(request.getfixturevalue("postgres_store"))
    else:
        return join(request.getfixturevalue(f"{request.param}_url"), f"sqlite:///{tmp_path / 'views.db'}")


async def dump(store: str, folder: Path) -> bytes:
    """Everything that is stored, as bytes: the files with their logs, all tables, a dump, all items."""
    found = await asyncio.to_thread(lambda: [path.read_bytes() for path in folder.iterdir()])
    for url in split(store):
        if url is not None and url.startswith("postgres"):
            found += [*await dumped_tables(url), await asyncio.to_thread(pg_dump, url)]
        elif url is not None and url.startswith("dynamodb"):
            found += await dumped_items(url)
    return b"\n".join(found)


async def dumped_tables(url: str) -> list[bytes]:
    pool = await PostgresPool.open(url, (), is_owner=False)
    try:
        tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        return [
            repr([tuple(row) for row in await pool.fetch(f'SELECT * FROM "{name}"')]).encode()
            for (name,) in tables
        ]
    finally:
        await pool.close()


async def dumped_items(url: str) -> list[bytes]:
    table = await DynamoTable.connect(url)
    try:
        return [repr(item).encode() async for item in table.scan()]
    finally:
        await table.close()


def forms_of(text: str) -> list[bytes]:
    """The text as it may be stored: plain, in hexadecimal digits, and in base64 at each of its offsets."""
    found = [text.encode(), text.encode().hex().encode()]
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + text.encode())
        found.append(whole[4 if offset else 0 : -4])
    return found


def left_of(secrets: list[str], stored: bytes) -> list[str]:
    return [secret for secret in secrets if any(form in stored for form in forms_of(secret))]


async def table_of(running: Running) -> list[Any]:
    """The rows of each view, as the store has them."""
    database = running.node.services.database
    return [
        (await database.ask(f"SELECT * FROM {name} ORDER BY id", {}, most=100)).rows
        for name in ("contacts", "deliveries", "failing")
    ]


async def test_nothing_of_a_forgotten_person_is_stored_any_more(store: str, tmp_path: Path) -> None:
    """A search of all bytes finds nothing, in file, log, tables, items, letters, queues and replies."""
    async with testing(app, store=store) as running:
        await fill(running)
        assert left_of(SECRETS, await dump(store, tmp_path)), "the search finds what views hold"

        await running.ctx.forget("ann")

        assert left_of(SECRETS, await dump(store, tmp_path)) == []
        assert left_of([BOB], await dump(store, tmp_path)) == [BOB]
    assert left_of(SECRETS, await dump(store, tmp_path)) == []


async def test_only_views_hold_plaintext_before_anybody_is_forgotten(store: str, tmp_path: Path) -> None:
    """All but the plain columns of views is sealed at rest: without those, no plaintext is found at all."""
    async with testing(app, store=store) as running:
        await fill(running)
        database: Any = running.node.services.database
        for view in running.node.services.catalog.views.values():
            if view.sealed is not None:
                continue
            state = await database.rebuild_view(view)
            await database.promote_view(view, state.generation)
        for projector in running.node.services.views.projectors():
            projector.failure = "stopped by the test"
        await running.node.supervisor.stop_all()
        if "sqlite" in store:
            await database._file.scrub()

        found = left_of([*SECRETS, BOB, BOB_NAME, BOB_STREET], await dump(store, tmp_path))

    assert found == []


async def test_a_dump_by_postgresql_itself_is_searched(postgres_store: str) -> None:
    """Before anybody is forgotten it shows what views hold, so that the search is known to read it."""
    async with testing(app, store=postgres_store) as running:
        await fill(running)
        written = await asyncio.to_thread(pg_dump, postgres_store)
        if not written:
            pytest.skip("there is no pg_dump beside the server")

        assert left_of([ANN, BOB], written) == [ANN, BOB]
        await running.ctx.forget("ann")
        assert left_of([*SECRETS, BOB], await asyncio.to_thread(pg_dump, postgres_store)) == [BOB]


async def test_histories_fold_views_agree_and_others_are_untouched(store: str, tmp_path: Path) -> None:
    """What was forgotten is read as such everywhere; a rebuilt view has the rows that it has already."""
    async with testing(app, store=store) as running:
        await fill(running)

        await running.ctx.forget("ann")

        ctx = running.ctx
        assert await ctx.entity(Member, "ann").card() == (FORGOTTEN, FORGOTTEN, FORGOTTEN)
        assert await ctx.entity(Member, "bob").card() == (BOB, BOB_NAME, 41)
        assert await ctx.entity(Order, "o-ann").where() == Address(FORGOTTEN)
        assert await ctx.entity(Order, "o-bob").where() == Address(BOB_STREET)
        assert [one.event.name for one in await ctx.history(Member, "ann") if hasattr(one.event, "name")] == [
            FORGOTTEN,
            FORGOTTEN,
            FORGOTTEN,
        ]
        assert await ctx.view(Contacts).all() == [Contact("ann", FORGOTTEN), Contact("bob", BOB)]
        assert await ctx.view(Contacts).with_email(ANN) == []
        assert await ctx.view(Contacts).with_email(BOB) == ["bob"]
        delivered = await ctx.view(Deliveries).get("ann")
        assert delivered is not None
        assert delivered.addresses == [Address(FORGOTTEN)] * 2
        assert await ctx.entity(Member, "bob", idempotency_key="k-1").rename(f"{BOB_NAME} II") == (
            f"{BOB_NAME} II"
        )
        before = await table_of(running)
        for name in ("contacts", "deliveries", "failing"):
            await running.node.services.views.rebuild(name)
        await running.settle(allows_failures=True)
        assert await table_of(running) == before
        await running.restart()
        assert await running.ctx.entity(Member, "ann").card() == (FORGOTTEN, FORGOTTEN, FORGOTTEN)
        assert await running.ctx.entity(Member, "bob").card() == (BOB, BOB_NAME, 41)
        assert await table_of(running) == before


async def test_what_waits_goes_on_with_forgotten_values(store: str, tmp_path: Path) -> None:
    """Timers and deadlines of a forgotten person fire, and their commands see `Forgotten`."""
    async with testing(app, store=store) as running:
        await fill(running)

        await running.ctx.forget("ann")
        await running.advance(days=40)
        await running.settle(allows_failures=True)

        texts = [
            one.event.text
            for id in ("ann", "bob")
            for one in await running.ctx.history(Member, id)
            if one.type == "Reminded"
        ]
    assert texts == ["forgotten", "forgotten", "remembered", "remembered"]


async def test_a_person_who_comes_back_gets_a_new_key(store: str, tmp_path: Path) -> None:
    """What is written after the forgetting can be read; what was written before stays forgotten."""
    async with testing(app, store=store) as running:
        await fill(running)
        await running.ctx.forget("ann")

        await running.ctx.entity(Member, "ann").rename("Ann Anew")

        assert await running.ctx.entity(Member, "ann").card() == (FORGOTTEN, "Ann Anew", FORGOTTEN)
        await running.restart()
        assert await running.ctx.entity(Member, "ann").card() == (FORGOTTEN, "Ann Anew", FORGOTTEN)
        await running.ctx.forget("ann", "bob")
        assert await running.ctx.entity(Member, "ann").card() == (FORGOTTEN, FORGOTTEN, FORGOTTEN)
        assert await running.ctx.entity(Member, "bob").card() == (FORGOTTEN, FORGOTTEN, FORGOTTEN)


async def test_the_record_says_when_and_not_who(store: str, tmp_path: Path) -> None:
    """Each forgetting is recorded with its time, and marked as done."""
    async with testing(app, store=store) as running:
        await fill(running)
        await running.ctx.forget("ann")
        people = running.node.services.people
        assert people is not None

        [found] = await people.keyring.store.forgettings()

    assert found.is_done
    assert "ann" not in repr(found)
    assert os.environ["ACTUM_KEY"] not in repr(people)
