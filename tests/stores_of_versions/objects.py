"""Durable Objects from the files in which workerd kept them: on a workerd again, or in this process."""

import sqlite3
import tarfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from aiohttp import ClientSession, ClientTimeout, web
from aiohttp.test_utils import TestServer

from actum import Entity
from actum.model.entity import entity_type
from actum.stores.durable_objects.bundle import bundle
from actum.stores.durable_objects.object.front import name_of
from actum.stores.durable_objects.workerd import Workerd, prepare
from tests.hosts.cloudflare import SECRET, Cloudflare, Storage
from tests.stores_of_versions.library import NAME, OF_OBJECTS

ENTITIES, FEED = "actum-entities", "actum-feed"
"""The folders of the two classes of objects, by the names that the objects' addresses are made from."""
PATIENCE = ClientTimeout(600)


def unpack(archive: Path, folder: Path) -> None:
    """Lays the objects' files out as they were."""
    with tarfile.open(archive) as kept:
        kept.extractall(folder, filter="data")


@asynccontextmanager
async def on_workerd(
    folder: Path, tools: Path, entities: Sequence[type[Entity]] = OF_OBJECTS
) -> AsyncIterator[str]:
    """Runs the objects of a folder on a workerd, and gives their URL once Python has started there."""
    prepare(folder, bundle(NAME, [entity_type(entity) for entity in entities]), tools)
    workerd = Workerd(folder, tools, SECRET)
    await workerd.start()
    try:
        async with ClientSession(timeout=PATIENCE, headers={"authorization": f"Bearer {SECRET}"}) as session:
            await session.post(f"http://127.0.0.1:{workerd.port}/ready")
        yield workerd.url
    finally:
        await workerd.stop()


@asynccontextmanager
async def in_process(folder: Path) -> AsyncIterator[str]:
    """Runs the objects of a folder in this process, and gives their URL."""
    cloudflare = Cloudflare(*OF_OBJECTS)
    cloudflare.feeds.storages["feed"] = _storage(_files(folder, FEED)[0])
    for file in _files(folder, ENTITIES):
        storage = _storage(file)
        names = dict(storage.sql.exec("SELECT name, value FROM facts").to_py())
        if names:
            cloudflare.entities.storages[name_of("", names["kind"], names["id"])] = storage

    async def answer(request: web.Request) -> web.Response:
        secret = request.headers["authorization"].removeprefix("Bearer ")
        status, told = await cloudflare.post(request.path, msgspec.Raw(await request.read()), secret=secret)
        return web.Response(status=status, body=msgspec.json.encode(told))

    server = web.Application(client_max_size=2**25)
    server.router.add_post("/{name}", answer)
    async with TestServer(server) as running:
        yield f"durable-objects://127.0.0.1:{running.port}?secret={SECRET}"


def _files(folder: Path, objects: str) -> list[Path]:
    return [
        file
        for file in sorted((folder / "objects" / objects).glob("*.sqlite"))
        if "metadata" not in file.name
    ]


def _storage(file: Path) -> Storage:
    storage = Storage()
    kept = sqlite3.connect(file)
    kept.backup(storage._connection)
    kept.close()
    return storage
