"""Opening a store through Debian's PgBouncer: what the URL lacks is said in one line."""

from collections.abc import Iterator

import pytest

from actum.errors import StoreError
from actum.stores.postgres.connection.pool import PostgresPool
from tests.servers.debian_postgres import DebianServer, PgBouncer
from tests.servers.postgres import CONFIGURATION, PARTS

pytestmark = pytest.mark.on_demand


@pytest.fixture(scope="module")
def debian() -> Iterator[DebianServer]:
    """A server of Debian's, or the reason why there is none."""
    try:
        server = DebianServer("15", CONFIGURATION)
    except RuntimeError as error:
        pytest.skip(str(error))
    yield server
    server.stop()


@pytest.fixture
def bounced(debian: DebianServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database behind a pooler, without a word of it."""
    try:
        pooler = PgBouncer(debian, request.param)
    except RuntimeError as error:
        pytest.skip(str(error))
    yield pooler.url(has_direct=False).replace("&pooler=transaction", "")
    pooler.stop()


@pytest.mark.parametrize("bounced", ["transaction"], indirect=True)
async def test_a_pooler_that_the_url_does_not_name_is_refused_each_time(bounced: str) -> None:
    """Whether the first statements happen to work or not."""
    for _ in range(10):
        with pytest.raises(StoreError, match=r"add pooler=transaction to the URL[^\n]*$"):
            await PostgresPool.open(bounced, PARTS)

    pool = await PostgresPool.open(f"{bounced}&pooler=transaction", PARTS)
    assert await pool.fetchval("SELECT 7") == 7
    await pool.close()


@pytest.mark.parametrize("bounced", ["session"], indirect=True)
async def test_a_pooler_in_session_mode_is_as_good_as_the_server(bounced: str) -> None:
    for _ in range(10):
        pool = await PostgresPool.open(bounced, PARTS)
        assert await pool.fetchval("SELECT current_setting('TimeZone')") == "UTC"
        await pool.close()


@pytest.mark.parametrize("bounced", ["transaction"], indirect=True)
async def test_an_option_that_a_pooler_refuses_is_told_with_what_to_do(bounced: str) -> None:
    with pytest.raises(StoreError, match=r"search_path[^\n]*ALTER ROLE … SET$"):
        await PostgresPool.open(f"{bounced}&pooler=transaction&search_path=bank", PARTS)
