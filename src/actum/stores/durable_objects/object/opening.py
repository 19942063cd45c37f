"""The entry point from JavaScript: opens each entity's object, the feed object, and the front."""

from typing import Any

from actum.stores.durable_objects.object.entity import EntityObject
from actum.stores.durable_objects.object.feed import FeedObject
from actum.stores.durable_objects.object.front import Front
from actum.stores.durable_objects.object.platform import Platform, Task
from actum.stores.durable_objects.object.program import read_program


class ObjectRuntime:
    """The application, ready to run in objects; `outside` is described in `Platform`."""

    def __init__(self, outside: Any, manifest: str) -> None:
        self._outside = outside
        self._program = read_program(manifest)

    def open_entity(self, state: Any, env: Any) -> EntityObject:
        """Opens an entity's object."""
        return EntityObject(Platform(self._outside, env, state), self._program)

    def open_feed(self, state: Any, env: Any) -> FeedObject:
        """Opens the feed object."""
        return FeedObject(Platform(self._outside, env, state))

    def open_front(self, env: Any) -> Front:
        """Opens the front, which answers requests."""
        return Front(Platform(self._outside, env), self._program, str(getattr(env, "ACTUM_SECRET", "") or ""))

    def start(self, target: EntityObject | FeedObject | Front, method: str, *arguments: str) -> Task:
        """Starts a call, to be driven by JavaScript."""
        return Task(getattr(target, method)(*arguments))
