"""Starts the application in Cloudflare's Python Workers: what python.js does on a workerd."""

import asyncio
import time

from manifest import MANIFEST
from workers import DurableObject, Response, WorkerEntrypoint

from actum.hosts.durable_objects.inside.opening import Inside


class Latch:
    def __init__(self):
        self._event = asyncio.Event()

    def open(self):
        self._event.set()

    async def wait(self, milliseconds):
        try:
            await asyncio.wait_for(self._event.wait(), milliseconds / 1_000)
        except TimeoutError:
            pass


class Outside:
    """What outside.js is on a workerd."""

    now = staticmethod(lambda: int(time.time() * 1_000))
    latch = Latch

    async def ask_all(self, objects, names, bodies):
        asked = zip(names.split("\0"), bodies.split("\0"), strict=True)
        return "\0".join(await asyncio.gather(*(self._ask(objects, *one) for one in asked)))

    async def clear(self, storage):
        await storage.deleteAlarm()
        await storage.deleteAll()

    async def _ask(self, objects, name, body):
        try:
            return "+" + await objects.getByName(name).serve(body)
        except Exception as error:
            return f"-{error}"


inside = Inside(Outside(), MANIFEST)


async def drive(task):
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
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.inside = inside.open_entity(ctx, env)

    async def serve(self, body):
        return await drive(inside.start(self.inside, "serve", body))

    async def alarm(self, *_):
        await drive(inside.start(self.inside, "alarm"))


class FeedObject(DurableObject):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.inside = inside.open_feed(ctx, env)

    async def serve(self, body):
        return await drive(inside.start(self.inside, "serve", body))

    async def alarm(self, *_):
        await drive(inside.start(self.inside, "alarm"))


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        front = inside.open_front(self.env)
        path = "/" + request.url.partition("://")[2].partition("/")[2].partition("?")[0]
        authorization = request.headers.get("authorization") or ""
        answer = await drive(inside.start(front, "serve", path, authorization, await request.text()))
        return Response(answer[3:], status=int(answer[:3]), headers={"content-type": "application/json"})
