"""The signals that a workflow has and has not received."""

from collections.abc import Sequence

from actum.ports.workflows import StoredSignal


class Signals:
    """Signals that wait to be received, in their order, and those whose receipt is to be recorded.

    What this program cannot read is passed over, and stays stored for one that can.
    """

    def __init__(self) -> None:
        self._waiting: list[StoredSignal] = []
        self._unread: list[StoredSignal] = []
        self._taken: list[int] = []
        self._known: set[int] = set()

    def __repr__(self) -> str:
        return f"<Signals, {len(self._waiting)} waiting, {len(self._unread)} unread>"

    def add(self, signals: Sequence[StoredSignal]) -> None:
        """Adds signals that came; those that were taken may come again until that is recorded."""
        self._waiting += [one for one in signals if one.id not in self._known]
        self._known.update(one.id for one in signals)

    def next(self, name: str) -> StoredSignal | None:
        """Gives the first signal of a name."""
        return next((one for one in self._waiting if one.name == name), None)

    def take(self, signal: StoredSignal) -> bool:
        """Receives a signal; False if another part of `run` has received it."""
        if signal not in self._waiting:
            return False
        self._waiting.remove(signal)
        self._taken.append(signal.id)
        return True

    def pass_over(self, signal: StoredSignal) -> None:
        """Leaves a signal to a program that can read it."""
        if signal in self._waiting:
            self._waiting.remove(signal)
            self._unread.append(signal)

    def has_unread(self, name: str) -> bool:
        """Returns whether a signal of a name was passed over."""
        return any(one.name == name for one in self._unread)

    @property
    def has_taken(self) -> bool:
        """Whether receipts are to be recorded."""
        return bool(self._taken)

    def give_taken(self) -> tuple[int, ...]:
        """Gives the numbers of the signals whose receipt is to be recorded, once."""
        taken, self._taken = tuple(self._taken), []
        return taken
