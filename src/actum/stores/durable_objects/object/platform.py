"""What an object asks of the platform around it: storage, alarm, time, other objects, and waiting for them.

Python in an object waits without an event loop of its own: a coroutine hands each JavaScript promise to
whoever drives it and gets back what the promise gave. So every object runs in its own context of input and
output, although all share one interpreter.
"""

from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any

from actum.errors import Unavailable

MICROSECONDS = 1_000
"""In a millisecond, which is what the platform counts in."""


class Awaited:
    """What the platform does meanwhile; awaiting it hands it to whoever drives the coroutine."""

    def __init__(self, work: Any) -> None:
        self._work = work

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield self._work)


class Task:
    """A coroutine that is driven from outside: `resume` gives the next promise, and at the end the answer."""

    def __init__(self, coroutine: Coroutine[Any, Any, str]) -> None:
        self._coroutine = coroutine

    def resume(self, value: Any = None, error: str | None = None) -> Any:
        """Goes on with what the last promise gave, or with the error it failed with."""
        try:
            if error is not None:
                return self._coroutine.throw(Unavailable(error))
            return self._coroutine.send(value)
        except StopIteration as end:
            return end.value


class Latch:
    """Something that several coroutines of one object wait for."""

    def __init__(self, outside: Any) -> None:
        self._latch = outside.latch()

    def open(self) -> None:
        """Lets all go on who wait."""
        self._latch.open()

    async def wait(self, patience: float) -> None:
        """Returns when it is open, or after `patience` seconds."""
        await Awaited(self._latch.wait(patience * 1_000))


class Platform:
    """One object's view of the platform.

    `outside` is what differs from platform to platform: how other objects are asked and how one waits. `env`
    holds the bindings, `state` what is the object's own.
    """

    def __init__(self, outside: Any, env: Any, state: Any = None) -> None:
        self._outside = outside
        self._env = env
        self._state = state
        self._storage: Any = getattr(state, "storage", None)
        self.execute: Callable[..., Any] = getattr(getattr(self._storage, "sql", None), "exec", _refuse)

    def rows(self, statement: str, *values: Any) -> list[list[Any]]:
        """Gives what a statement selects, row by row."""
        found: list[list[Any]] = self.execute(statement, *values).raw().toArray().to_py()
        return found

    def transaction(self, write: Callable[[], None]) -> None:
        """Runs several writes as one; all are undone if one of them fails."""
        self._storage.transactionSync(write)

    def set_alarm(self, moment: int) -> None:
        """Has the object woken at a time (microseconds since 1970); durable as the writes around it are."""
        self._storage.setAlarm(-(-moment // MICROSECONDS))

    def now(self) -> int:
        """Gives the time, in microseconds since 1970."""
        return int(self._outside.now()) * MICROSECONDS

    def latch(self) -> Latch:
        """Makes something to wait for."""
        return Latch(self._outside)

    async def clear(self) -> None:
        """Removes all that the object has stored, its alarm too."""
        await Awaited(self._outside.clear(self._storage))

    def reset(self, why: str) -> None:
        """Has the platform end this object; the next call finds it as its storage says."""
        self._state.abort(why)

    async def ask_entities(self, names: Sequence[str], bodies: Sequence[str]) -> list[str | Unavailable]:
        """Sends calls to objects of entities, by name, all at once; gives each one's answer or failure."""
        told = await Awaited(self._outside.ask_all(self._env.ENTITIES, "\0".join(names), "\0".join(bodies)))
        return [answer[1:] if answer[0] == "+" else Unavailable(answer[1:]) for answer in told.split("\0")]

    async def ask_feed(self, space: str, body: str) -> str:
        """Sends a call to the feed object of a space."""
        name = f"{space}:feed" if space else "feed"
        answer = await Awaited(self._outside.ask_all(self._env.FEED, name, body))
        if answer[0] != "+":
            raise Unavailable(answer[1:])
        return str(answer[1:])


def _refuse(*_: Any) -> Any:
    raise Unavailable("the front has no storage")
