"""Writes a store as this version writes it, to be kept: `python -m tests.stores_of_versions.write FOLDER`.

FOLDER gets `store.sqlite`, a SQLite file, and `postgres.sql`, a dump of a schema called `landed`.
"""

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from actum.stores.open import open_stores
from tests.servers.postgres import PostgresServer, start, url_of
from tests.stores_of_versions.shop import BROKEN, app, fill, outside


async def write(url: str) -> None:
    outside.thanked.clear()
    async with app.running(store=url) as ctx:
        await fill(ctx)
        while len(outside.thanked) < 6 or not await has_letters(url):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def has_letters(url: str) -> bool:
    """Says whether the two payments that nobody could be thanked for are letters by now."""
    async with open_stores(url, is_owner=False) as stores:
        letters = await stores.database.letters()
        return [letter.key for letter in letters] == [f"Order/{BROKEN}"] * 2


def write_postgres(file: Path) -> None:
    # Not under the caller's own folder, which the server's user may not enter.
    server = start(Path(tempfile.mkdtemp(prefix="actum-pg-")))
    try:
        server.psql("CREATE SCHEMA landed")
        asyncio.run(write(url_of(server, schema="landed")))
        file.write_text(dumped(server))
    finally:
        server.stop()


def dumped(server: PostgresServer) -> str:
    """Gives the schema as statements that any client can run."""
    command = [server.bin_path / "pg_dump", "--inserts", "--no-owner", "--schema=landed", url_of(server)]
    dump = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return "".join(
        line for line in dump.splitlines(keepends=True) if not line.startswith(("\\", "--", "SET "))
    )


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    asyncio.run(write(f"sqlite:///{folder.absolute() / 'store.sqlite'}"))
    write_postgres(folder / "postgres.sql")
