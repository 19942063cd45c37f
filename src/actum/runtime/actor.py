"""An actor: one live entity, and the last of its writes that is still on its way."""

from actum.model.turn import Instance
from actum.runtime.staged import Staged


class Actor:
    """One live entity.

    `gate` is its newest write that is not yet durable: whatever is decided on the state of now may be told
    only when that has landed. `used` is the time of its last turn, `kept` the version of its last snapshot,
    both for passivation. `keys` are the idempotency keys of writes on their way.
    """

    __slots__ = ("gate", "instance", "is_live", "kept", "keys", "used")

    def __init__(self, instance: Instance, *, kept: int, used: int) -> None:
        self.instance = instance
        self.gate: Staged | None = None
        self.is_live = True
        self.kept = kept
        self.used = used
        self.keys: dict[str, Staged] | None = None

    def __repr__(self) -> str:
        return f"<Actor {self.instance.kind.name}/{self.instance.id}@{self.instance.version}>"

    def remember(self, key: str, staged: Staged) -> None:
        """Remembers under its idempotency key a write that is on its way."""
        if self.keys is None:
            self.keys = {}
        self.keys[key] = staged

    def settle(self, staged: Staged) -> None:
        """Forgets a write that is no longer on its way."""
        if self.gate is staged:
            self.gate = None
        if self.keys is not None and staged.write.key is not None:
            self.keys.pop(staged.write.key, None)
