"""What an object needs from the platform: storage, alarm, time, other objects, and waiting for them.

Python in an object waits without an event loop of its own: a coroutine yields each JavaScript promise to
the JavaScript that drives it, and gets back the promise's result. So every object runs in its own context of
input and output, although all share one interpreter.
"""

from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any

from actum.errors import Unavailable

MICROSECONDS = 1_000
"""In a millisecond, the platform's unit."""


class Awaited:
    """An operation of the platform; awaiting it yields it to the driver of the coroutine."""

    def __init__(self, work: Any) -> None:
        self._work = work

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield self._work)


class Task:
    """A coroutine that is driven from outside: `resume` returns the next promise, and finally the answer."""

    def __init__(self, coroutine: Coroutine[Any, Any, str]) -> None:
        self._coroutine = coroutine

    def resume(self, value: Any = None, error: str | None = None) -> Any:
        """Resumes with the last promise's result, or with its error."""
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
        """Releases all coroutines that wait."""
        self._latch.open()

    async def wait(self, patience: float) -> None:
        """Returns when it is open, or after `patience` seconds."""
        await Awaited(self._latch.wait(patience * 1_000))


class Platform:
    """One object's view of the platform.

    `outside` is what differs between platforms: how other objects are called and how one waits. `env`
    holds the bindings, `state` what belongs to the object.
    """

    def __init__(self, outside: Any, env: Any, state: Any = None) -> None:
        self._outside = outside
        self._env = env
        self._state = state
        self._storage: Any = getattr(state, "storage", None)
        self.execute: Callable[..., Any] = getattr(getattr(self._storage, "sql", None), "exec", _refuse)

    def rows(self, statement: str, *values: Any) -> list[list[Any]]:
        """Returns the rows that a statement selects."""
        found: list[list[Any]] = self.execute(statement, *values).raw().toArray().to_py()
        return found

    def transaction(self, write: Callable[[], None]) -> None:
        """Runs several writes as one; all are undone if one of them fails."""
        self._storage.transactionSync(write)

    def set_alarm(self, moment: int) -> None:
        """Sets the object's alarm (in microseconds since 1970); durable with the writes around it."""
        self._storage.setAlarm(-(-moment // MICROSECONDS))

    def now(self) -> int:
        """Returns the time, in microseconds since 1970."""
        return int(self._outside.now()) * MICROSECONDS

    def latch(self) -> Latch:
        """Creates a latch."""
        return Latch(self._outside)

    async def clear(self) -> None:
        """Removes everything that the object has stored, and its alarm."""
        await Awaited(self._outside.clear(self._storage))

    def reset(self, why: str) -> None:
        """Has the platform end this object; the next call starts it from its storage."""
        self._state.abort(why)

    async def ask_entities(self, names: Sequence[str], bodies: Sequence[str]) -> list[str | Unavailable]:
        """Sends calls to objects of entities, by name, in parallel; returns each one's answer or failure."""
        answers = await Awaited(
            self._outside.ask_all(self._env.ENTITIES, "\0".join(names), "\0".join(bodies))
        )
        return [answer[1:] if answer[0] == "+" else Unavailable(answer[1:]) for answer in answers.split("\0")]

    async def ask_feed(self, space: str, body: str) -> str:
        """Sends a call to the feed object of a space."""
        name = f"{space}:feed" if space else "feed"
        answer = await Awaited(self._outside.ask_all(self._env.FEED, name, body))
        if answer[0] != "+":
            raise Unavailable(answer[1:])
        return str(answer[1:])


def _refuse(*_: Any) -> Any:
    raise Unavailable("the front has no storage")
