"""Keys of persons: their store, the rotation of the application's key, and what other processes see."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiobotocore.session import get_session

from actum import FORGOTTEN, Context, Unavailable
from actum.errors import KeyMissing
from actum.key_services.local import LocalKeys
from actum.key_services.open import new_key, open_key_service
from actum.model.people import open_keys
from actum.ports.person_keys import ApplicationKey, PersonKey, PersonKeys
from actum.runtime.clock import SystemClock
from actum.runtime.people.keyring import Keyring
from actum.stores.open import open_stores
from actum.stores.url import join
from actum.testing import testing
from tests.people.filling import fill
from tests.people.members import ANN, ANN_NAME, BOB, BOB_NAME, Member, app
from tests.runtime.nodes import node_on

OLD, NEW = b"o" * 32, b"n" * 32


@pytest.fixture(params=["memory", "sqlite", "postgresql", "dynamodb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "memory":
        return "memory:"
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'keys.db'}"
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_store"))
    return join(request.getfixturevalue("dynamodb_url"), f"sqlite:///{tmp_path / 'views.db'}")


@pytest.fixture
async def keys(store: str) -> AsyncIterator[PersonKeys]:
    async with open_stores(store) as stores:
        assert stores.journal.person_keys is not None
        yield stores.journal.person_keys


def key(person: str, id: str, under: str = "a") -> PersonKey:
    return PersonKey(person, id, f"wrapped {id}".encode(), under)


async def test_the_store_of_keys_keeps_its_promises(keys: PersonKeys) -> None:
    """The first key of a person stays; a destroyed one is gone, and recorded without a name."""
    await keys.add([key("ann", "k2"), key("bob", "k1")])
    await keys.add([key("ann", "k3"), key("cid/ü", "k4")])

    assert sorted(await keys.find(["ann", "bob", "nobody"]), key=str) == sorted(
        [key("ann", "k2"), key("bob", "k1")], key=str
    )
    assert await keys.load(["k4", "k3"]) == [key("cid/ü", "k4")]
    assert [one.id for one in await keys.page("")] == ["k1", "k2", "k4"]
    assert [one.id for one in await keys.page("k1", 1)] == ["k2"]
    assert await keys.page("k4") == []
    await keys.rewrap([key("ann", "k2", "b"), key("ann", "gone", "b")])
    assert await keys.find(["ann"]) == [key("ann", "k2", "b")]
    assert await keys.load(["k2", "gone"]) == [key("ann", "k2", "b")]

    assert await keys.forgettings() == []
    before = await keys.last()
    await keys.request(["ann", "bob"])
    await keys.request(["ann"])
    assert sorted(await keys.requests()) == ["ann", "bob"]
    first = await keys.forget("ann", 7)
    second = await keys.forget("nobody", 8)
    assert await keys.requests() == ["bob"]
    assert (await keys.find(["ann"]), await keys.load(["k2"])) == ([], [])
    assert [one.id for one in await keys.page("")] == ["k1", "k4"]
    assert before < first.number < second.number == await keys.last()
    await keys.finish(first.number)
    assert [(one.time, one.is_done) for one in await keys.forgettings()] == [(7, True), (8, False)]
    assert [one.time for one in await keys.forgettings(first.number)] == [8]
    await keys.add([key("ann", "k5")])
    assert await keys.find(["ann"]) == [key("ann", "k5")]

    for one in (ApplicationKey("b", b"2", 2), ApplicationKey("a", b"1", 1), ApplicationKey("c", b"3", 3)):
        await keys.add_application_key(one)
    assert [one.id for one in await keys.application_keys()] == ["a", "b", "c"]
    await keys.remove_application_keys(["a", "c"])
    assert [one.id for one in await keys.application_keys()] == ["a", "b"], "a seals keys of persons still"


async def test_keys_are_sealed_anew_under_another_key_of_the_application(keys: PersonKeys) -> None:
    """After a rotation the former key opens nothing, and what was sealed can still be read."""
    keyring = Keyring(keys, LocalKeys([OLD]), SystemClock())
    await keyring.open()
    await keyring.ensure(["ann", "bob"])
    token = keyring.seal("ann", b'"secret"')
    before = await keys.application_keys()

    rotated = Keyring(keys, LocalKeys([NEW, OLD]), SystemClock())
    await rotated.open()
    assert await rotated.rotate() == 2

    assert not {one.id for one in before} & {one.id for one in await keys.application_keys()}
    fresh = Keyring(keys, LocalKeys([NEW]), SystemClock())
    await fresh.open()
    open_keys._open.clear()
    with pytest.raises(Unavailable, match="not loaded"):
        open_keys.opened(token)
    await fresh.prepare(f'"{token}"'.encode())
    assert open_keys.opened(token) == b'"secret"'
    with pytest.raises(KeyMissing, match="give that key back in ACTUM_KEY or"):
        await Keyring(keys, LocalKeys([OLD]), SystemClock()).open()
    # A process that was started before goes on.
    await keyring.ensure(["cid"])


async def test_aws_kms_seals_the_keys_of_the_application(
    dynamodb_by_moto: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a key of AWS KMS has sealed, it opens; another service and a missing key are said."""
    async with get_session().create_client(
        "kms", region_name="eu-central-1", endpoint_url=dynamodb_by_moto
    ) as client:
        made = (await client.create_key())["KeyMetadata"]["KeyId"]
        await client.create_alias(AliasName="alias/actum", TargetKeyId=made)
    where = f"?region=eu-central-1&endpoint={dynamodb_by_moto}"
    service = await open_key_service({"ACTUM_KEY": f"aws-kms://alias/actum{where}"})

    wrapped = await service.wrap(NEW)

    assert NEW not in wrapped
    assert await service.unwrap(wrapped) == NEW
    with pytest.raises(KeyMissing, match="sealed by another key service"):
        await service.unwrap(await LocalKeys([OLD]).wrap(NEW))
    with pytest.raises(KeyMissing, match="another key service"):
        await LocalKeys([OLD]).unwrap(wrapped)
    await service.close()
    missing = await open_key_service({"ACTUM_KEY": f"aws-kms://alias/nothing{where}"})
    with pytest.raises(KeyMissing, match="NotFoundException"):
        await missing.wrap(NEW)
    await missing.close()


async def test_keys_that_are_no_keys_are_refused() -> None:
    with pytest.raises(KeyMissing, match="ACTUM_KEY is no key of 32 bytes"):
        await open_key_service({"ACTUM_KEY": "secret"})
    with pytest.raises(KeyMissing, match="ACTUM_OLD_KEYS is no key"):
        await open_key_service({"ACTUM_KEY": new_key(), "ACTUM_OLD_KEYS": "x"})
    with pytest.raises(KeyMissing, match="names no key"):
        await open_key_service({"ACTUM_KEY": "aws-kms:"})


async def test_other_processes_stop_reading_and_writing_under_a_destroyed_key(postgres_store: str) -> None:
    """Within a second or so they read `Forgotten`, drop the state they have in memory, and make a new key."""
    service = LocalKeys([OLD])
    async with AsyncExitStack() as stack:
        contexts = []
        for _ in range(2):
            stores = await stack.enter_async_context(open_stores(postgres_store))
            node = await stack.enter_async_context(
                node_on(app, stores.journal, stores.database, clock=SystemClock(), key_service=service)
            )
            contexts.append(Context(node.services))
        one, other = contexts
        await one.entity(Member, "ann").register(ANN, ANN_NAME)
        await one.entity(Member, "bob").register(BOB, BOB_NAME)
        assert (await other.entity(Member, "ann").card())[0] == ANN

        await one.forget("ann")

        async with asyncio.timeout(30):
            while (await other.entity(Member, "ann").card())[0] != FORGOTTEN:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert (await other.entity(Member, "bob").card())[0] == BOB
        await other.entity(Member, "ann").rename("Ann Anew")
        assert (await one.entity(Member, "ann").card())[1] == "Ann Anew"


async def test_a_forgetting_that_was_interrupted_is_finished_at_the_next_start() -> None:
    """The key is gone at once; the views are rebuilt and the record is marked as done later."""
    async with testing(app) as running:
        await running.ctx.entity(Member, "ann").register(ANN, ANN_NAME)
        await running.settle(allows_failures=True)
        people = running.node.services.people
        assert people is not None
        await people.keyring.forget("ann")

        await running.restart()

        people = running.node.services.people
        assert people is not None
        async with asyncio.timeout(30):
            while any(not one.is_done for one in await people.keyring.store.forgettings()):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        rows = (await running.node.services.database.ask("SELECT * FROM contacts", {}, most=9)).rows
        assert ANN not in repr(rows)


async def test_a_portrait_shows_everything_of_one_person_and_nothing_of_others() -> None:
    async with testing(app) as running:
        await fill(running)

        found = await running.ctx.portrait("ann")

        text = repr(found)
        assert {f"{one.kind}/{one.id}" for one in found.entities} == {
            "Member/ann",
            "Order/o-ann",
            "Order/p-ann",
        }
        assert ANN in text
        assert BOB not in text
        assert {one.what.split(" ")[0] for one in found.waiting} == {"timer", "letter"}
        assert [one.type for one in found.events if one.kind == "Member"] == [
            "Registered",
            "Renamed",
            "Renamed",
        ]
