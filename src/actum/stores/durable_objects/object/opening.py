"""What whoever starts Python for the objects calls: it makes the inside of each object, and of the front."""

from typing import Any

from actum.stores.durable_objects.object.entity import EntityObject
from actum.stores.durable_objects.object.feed import FeedObject
from actum.stores.durable_objects.object.front import Front
from actum.stores.durable_objects.object.platform import Platform, Task
from actum.stores.durable_objects.object.program import read_program


class ObjectRuntime:
    """The application, ready to live in objects; `outside` is what `Platform` says."""

    def __init__(self, outside: Any, manifest: str) -> None:
        self._outside = outside
        self._program = read_program(manifest)

    def open_entity(self, state: Any, env: Any) -> EntityObject:
        """Makes the inside of an entity's object."""
        return EntityObject(Platform(self._outside, env, state), self._program)

    def open_feed(self, state: Any, env: Any) -> FeedObject:
        """Makes the inside of the feed object."""
        return FeedObject(Platform(self._outside, env, state))

    def open_front(self, env: Any) -> Front:
        """Makes what answers requests."""
        return Front(Platform(self._outside, env), self._program, str(getattr(env, "ACTUM_SECRET", "") or ""))

    def start(self, inside: EntityObject | FeedObject | Front, method: str, *arguments: str) -> Task:
        """Starts a call, to be driven by JavaScript."""
        return Task(getattr(inside, method)(*arguments))
