"""Python Workers as entry.py sees them, in this process: storage in SQLite, alarms, and ways to fail."""

import importlib.util
import sqlite3
import sys
import weakref
from collections.abc import Callable
from importlib.resources import files
from types import ModuleType, SimpleNamespace
from typing import Any

import msgspec

from actum.stores.durable_objects.object.program import Declared, Manifest

SECRET = "the-secret-of-the-tests"


class Cursor:
    """Rows, by the names that JavaScript gives the way to them."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = [list(row) for row in rows]

    def raw(self) -> "Cursor":
        return self

    toArray = raw

    def to_py(self) -> list[Any]:
        return self._rows


class Storage:
    """One object's storage. `refused` is a part of a statement that fails, as on a full disk."""

    def __init__(self) -> None:
        self.refused: str | None = None
        self.alarm: int | None = None
        self.sql = SimpleNamespace(exec=self._exec)
        self._open()

    def _open(self) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._connection.close)

    def _exec(self, statement: str, *values: Any) -> Cursor:
        if self.refused is not None and self.refused in statement:
            raise OSError("the disk is full")
        return Cursor(self._connection.execute(statement, values).fetchall())

    def transactionSync(self, write: Callable[[], None]) -> None:
        self._connection.execute("SAVEPOINT one")
        try:
            write()
        except BaseException:
            self._connection.execute("ROLLBACK TO one")
            raise
        finally:
            self._connection.execute("RELEASE one")

    def setAlarm(self, milliseconds: int) -> None:
        self.alarm = milliseconds

    async def deleteAlarm(self) -> None:
        self.alarm = None

    async def deleteAll(self) -> None:
        self._open()


class Objects:
    """The objects of one class. One that is reset is made anew from its storage at the next call.

    `before` and `after` are awaited around a call's way to its object; what they raise, the caller gets.
    """

    def __init__(self, make: Callable[[Any, Any], Any]) -> None:
        self.storages: dict[str, Storage] = {}
        self.live: dict[str, Any] = {}
        self.before: Any = None
        self.after: Any = None
        self.env: Any = None
        self._make = make

    def getByName(self, name: str) -> Any:
        async def serve(body: str) -> str:
            if self.before is not None:
                await self.before()
            answer: str = await self.object(name).serve(body)
            if self.after is not None:
                await self.after()
            return answer

        return SimpleNamespace(serve=serve)

    def object(self, name: str) -> Any:
        storage = self.storages.setdefault(name, Storage())
        if name not in self.live:
            state = SimpleNamespace(storage=storage, abort=lambda why: self.live.pop(name, None))
            self.live[name] = self._make(state, self.env)
        return self.live[name]


class Response:
    def __init__(self, body: str, status: int, headers: dict[str, str]) -> None:
        self.body = body
        self.status = status


class Cloudflare:
    """A deployment of entities, with a clock that stands still until it is moved."""

    def __init__(self, *entities: type) -> None:
        manifest = Manifest("tests", [Declared(cls.__module__, cls.__qualname__) for cls in entities])
        self.entry = _load_entry(msgspec.json.encode(manifest).decode())
        self.now = 1_900_000_000_000
        self.entry.Outside.now = staticmethod(lambda: self.now)
        self.entities = Objects(self.entry.EntityObject)
        self.feeds = Objects(self.entry.FeedObject)
        env = SimpleNamespace(ENTITIES=self.entities, FEED=self.feeds, ACTUM_SECRET=SECRET)
        self.entities.env = self.feeds.env = self.env = env

    async def post(self, path: str, body: Any, *, secret: str = SECRET) -> tuple[int, Any]:
        """Sends a request to the front, and gives status and answer."""
        front = self.entry.Default()
        front.env = self.env

        async def text() -> str:
            return msgspec.json.encode(body).decode()

        headers = {"authorization": f"Bearer {secret}"}
        request = SimpleNamespace(url=f"https://objects.example{path}", headers=headers, text=text)
        response = await front.fetch(request)
        return response.status, msgspec.json.decode(response.body)

    async def calls(self, *calls: list[Any]) -> list[Any]:
        """Sends calls to objects, and gives for each its value or the name of its error."""
        status, answers = await self.post("/calls", calls)
        assert status == 200
        return [error["error"] if error else value for value, error in answers]

    async def feed(self) -> list[tuple[int, str, int]]:
        """Gives position, id and version of all events in the feed."""
        _, (found, _) = await self.post("/feed", ["Feed", 0, 1_000])
        return [(fact[0], id, fact[1]) for _, id, fact in found]

    async def wake(self, name: str) -> None:
        """Moves the clock to the alarm of an entity's object, and lets it go off."""
        storage = self.entities.storages[name]
        assert storage.alarm is not None, f"{name} has set no alarm"
        self.now, storage.alarm = max(self.now, storage.alarm), None
        await self.entities.object(name).alarm()


def _load_entry(manifest: str) -> ModuleType:
    def init(self: Any, ctx: Any, env: Any) -> None:
        self.ctx, self.env = ctx, env

    stubs = {
        "manifest": SimpleNamespace(MANIFEST=manifest),
        "workers": SimpleNamespace(
            DurableObject=type("DurableObject", (), {"__init__": init}),
            WorkerEntrypoint=type("WorkerEntrypoint", (), {}),
            Response=Response,
        ),
    }
    path = files("actum.stores.durable_objects") / "worker" / "entry.py"
    spec = importlib.util.spec_from_file_location("entry", str(path))
    assert spec is not None
    assert spec.loader is not None
    entry = importlib.util.module_from_spec(spec)
    before = {name: sys.modules.get(name) for name in stubs}
    sys.modules.update(stubs)  # type: ignore[arg-type]
    try:
        spec.loader.exec_module(entry)
    finally:
        for name, module in before.items():
            sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module
    return entry
