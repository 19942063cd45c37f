"""Starts the application in Cloudflare's Python Workers: as python.js does in a local workerd."""

import asyncio
import time
from typing import Any

from manifest import MANIFEST
from workers import DurableObject, Response, WorkerEntrypoint

from actum.stores.durable_objects.object import entity, feed
from actum.stores.durable_objects.object.opening import ObjectRuntime
from actum.stores.durable_objects.object.platform import Task


class Latch:
    def __init__(self) -> None:
        self._event = asyncio.Event()

    def open(self) -> None:
        self._event.set()

    async def wait(self, milliseconds: float) -> None:
        try:
            await asyncio.wait_for(self._event.wait(), milliseconds / 1_000)
        except TimeoutError:
            pass


class Outside:
    """What outside.js is in a local workerd."""

    latch = Latch

    def now(self) -> int:
        return int(time.time() * 1_000)

    async def ask_all(self, objects: Any, names: str, bodies: str) -> str:
        asked = zip(names.split("\0"), bodies.split("\0"), strict=True)
        return "\0".join(await asyncio.gather(*(self._ask(objects, *one) for one in asked)))

    async def clear(self, storage: Any) -> None:
        await storage.deleteAlarm()
        await storage.deleteAll()

    async def _ask(self, objects: Any, name: str, body: str) -> str:
        try:
            return f"+{await objects.getByName(name).serve(body)}"
        except Exception as error:
            return f"-{error}"


runtime: ObjectRuntime = ObjectRuntime(Outside(), MANIFEST)


async def drive(task: Task) -> str:
    result = task.resume()
    while not isinstance(result, str):
        try:
            value = await result
        except Exception as error:
            result = task.resume(None, str(error))
        else:
            result = task.resume(value)
    return result


class EntityObject(DurableObject):
    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        self.object: entity.EntityObject = runtime.open_entity(ctx, env)

    async def serve(self, body: str) -> str:
        return await drive(runtime.start(self.object, "serve", body))

    async def alarm(self, *_: Any) -> None:
        await drive(runtime.start(self.object, "alarm"))


class FeedObject(DurableObject):
    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        self.object: feed.FeedObject = runtime.open_feed(ctx, env)

    async def serve(self, body: str) -> str:
        return await drive(runtime.start(self.object, "serve", body))

    async def alarm(self, *_: Any) -> None:
        await drive(runtime.start(self.object, "alarm"))


class Default(WorkerEntrypoint):
    async def fetch(self, request: Any) -> Response:
        front = runtime.open_front(self.env)
        path = "/" + request.url.partition("://")[2].partition("/")[2].partition("?")[0]
        authorization = request.headers.get("authorization") or ""
        answer = await drive(runtime.start(front, "serve", path, authorization, await request.text()))
        return Response(answer[3:], status=int(answer[:3]), headers={"content-type": "application/json"})
