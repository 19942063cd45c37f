"""A table in DynamoDB: how it is named, made, and known again, and what is said where it cannot be used."""

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from actum.errors import ForeignStore, StoreError, Unavailable
from actum.stores.dynamodb.connection import client as engine
from actum.stores.dynamodb.connection.client import DynamoTable, key_item
from actum.stores.dynamodb.connection.schema import MARK, check_table, make_table
from actum.stores.dynamodb.connection.url import Address, read_url
from actum.stores.open import is_owned, is_shared, open_stores, prepare_stores
from actum.stores.url import join, shown, split
from tests.servers.dynamodb import url_of


@pytest.fixture
def new_url(dynamodb: str) -> str:
    """The URL of a table that is not there."""
    return url_of(dynamodb, f"t-{uuid.uuid4().hex}")


@pytest.fixture
async def missing(new_url: str) -> AsyncIterator[DynamoTable]:
    """That table."""
    table = await DynamoTable.connect(new_url)
    yield table
    await table.close()


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine without credentials and without a region."""
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_PROFILE",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    before, engine.SESSION = engine.SESSION, engine.get_session()
    yield
    engine.SESSION = before


def test_a_url_names_table_region_and_endpoint() -> None:
    """Names keep their case, and what is not said is left to AWS's own settings."""
    assert read_url("dynamodb://Bank_1?region=eu-central-1&endpoint=http://localhost:8000") == Address(
        "Bank_1", "eu-central-1", "http://localhost:8000"
    )
    assert read_url("dynamodb://bank") == Address("bank", None, None)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("dynamodb://", "names no table"),
        ("dynamodb:///bank", "names no table"),
        ("dynamodb://ab", "names no table"),
        ("dynamodb://bank/table", "names no table"),
        ("dynamodb://bank?regoin=eu", "no option 'regoin'; the options are region and endpoint"),
        ("dynamodb://bank?region=", "region is empty"),
        ("dynamodb://bank?region", "write dynamodb://TABLE"),
        ("dynamodb://bank?endpoint=localhost:8000", "write http://HOST:PORT"),
        ("dynamodb://me:secret@bank", "takes no user or password"),
    ],
)
def test_a_url_that_names_nothing_is_refused_with_the_fix(url: str, said: str) -> None:
    """A slip in the URL is said before anything is asked of AWS."""
    with pytest.raises(StoreError) as refused:
        read_url(url)

    assert said in str(refused.value)
    assert "secret" not in str(refused.value)


async def test_a_table_is_made_once(missing: DynamoTable) -> None:
    """Making it again changes nothing, and what is in it stays."""
    first = await make_table(missing)
    await missing.put({**key_item(("feed", "1")), "b": {"N": "0"}})

    second = await make_table(missing)

    description = (await missing.call("describe_table"))["Table"]
    assert (first, second) == (True, False)
    assert description["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert await missing.get(("feed", "1")) is not None


async def test_a_missing_table_is_said_with_the_command_that_makes_it(new_url: str) -> None:
    """Nothing is made by opening: a mistyped name is no new store."""
    with pytest.raises(StoreError, match="no such table in this region: create it with `actum migrate`"):
        async with open_stores(join(new_url, "memory:")):
            pass


async def test_a_table_of_another_program_is_left_alone(missing: DynamoTable) -> None:
    """Neither other keys nor items that are not ours are taken for a store."""
    await missing.call(
        "create_table",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    with pytest.raises(ForeignStore, match="belongs to another program"):
        await make_table(missing)


async def test_a_table_with_items_of_another_program_is_left_alone(dynamodb_table: DynamoTable) -> None:
    """The same keys are not enough."""
    await dynamodb_table.put(key_item(("order", "1")))
    await dynamodb_table.delete_many([MARK])

    with pytest.raises(ForeignStore, match="items of another program"):
        await make_table(dynamodb_table)
    with pytest.raises(ForeignStore, match="actum migrate"):
        await check_table(dynamodb_table)


async def test_a_table_of_a_newer_program_is_refused(dynamodb_table: DynamoTable) -> None:
    """An old program does not write into what it does not know."""
    await dynamodb_table.put({**key_item(MARK), "v": {"N": "7"}})

    with pytest.raises(ForeignStore, match="newer Actum"):
        await check_table(dynamodb_table)


async def test_missing_credentials_are_said(new_url: str, nobody: None) -> None:
    """Who has set none is told which to set."""
    with pytest.raises(StoreError, match="no AWS credentials: set AWS_ACCESS_KEY_ID"):
        async with open_stores(join(new_url, "memory:")):
            pass


async def test_a_missing_region_is_said(nobody: None) -> None:
    """Who has named none is told where to."""
    with pytest.raises(StoreError, match=r"no region is named: write \?region="):
        async with open_stores(join("dynamodb://bank", "memory:")):
            pass


async def test_a_server_that_is_not_there_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may come, so the caller is told to send again."""
    monkeypatch.setattr(engine, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(engine, "MAX_PAUSE", 0.001)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")

    with pytest.raises(Unavailable, match="does not answer"):
        async with open_stores(join(url_of("http://127.0.0.1:9", "bank"), "memory:")):
            pass


async def test_without_the_driver_the_mend_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who names a DynamoDB store without aiobotocore is told what to install."""
    monkeypatch.setattr("actum.stores.open.find_spec", lambda name: None)

    with pytest.raises(StoreError, match="pip install aiobotocore"):
        async with open_stores("dynamodb://bank?database=memory:"):
            pass


async def test_a_store_that_keeps_events_alone_asks_for_a_database(new_url: str) -> None:
    """The message says how to name one, and no table is made before."""
    with pytest.raises(StoreError, match="--database or ACTUM_DATABASE"):
        await prepare_stores(new_url)
    with pytest.raises(StoreError, match="--database or ACTUM_DATABASE"):
        async with open_stores(new_url):
            pass
    with pytest.raises(StoreError, match="no such table"):
        async with open_stores(join(new_url, "memory:")):
            pass


async def test_what_cannot_be_a_database_is_refused() -> None:
    """A database is a file or PostgreSQL."""
    with pytest.raises(StoreError, match="names no database that Actum knows"):
        async with open_stores(join("dynamodb://bank", "dynamodb://other")):
            pass


@pytest.mark.parametrize("store", ["sqlite:///app.db", "postgresql://me:secret@host/bank", "memory:"])
def test_a_store_that_has_a_database_takes_no_other(store: str) -> None:
    """Two databases for one application are a mistake, and the message shows no password."""
    with pytest.raises(StoreError, match="leave out the database") as refused:
        join(store, "sqlite:///other.db")

    assert "secret" not in str(refused.value)


def test_a_url_carries_the_database_beside_it() -> None:
    """Whatever the database's URL holds, both come back as they were, and no password is shown."""
    store = "dynamodb://bank?region=eu-central-1&endpoint=http://localhost:1"
    database = "postgresql://me:se%2Fcret@host:5432/bank?search_path=a&pool=3"

    joined = join(store, database)

    assert split(joined) == (store, database)
    assert split(store) == (store, None)
    assert "cret" not in shown(joined)
    with pytest.raises(StoreError, match="names its database already"):
        join(joined, database)


async def test_whether_processes_may_share_it_depends_on_the_database(tmp_path: Path) -> None:
    """The journal may be written by several; a file belongs to one."""
    file = f"sqlite:///{tmp_path / 'bank.db'}"

    assert not is_shared(join("dynamodb://bank", file))
    assert is_shared(join("dynamodb://bank", "postgresql://host/bank")) == is_shared("postgresql://host/bank")
    assert not await is_owned(join("dynamodb://bank", file))
