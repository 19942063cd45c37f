"""Parts of a running application, and what is said of one that has stopped or lags."""

from typing import Literal

from msgspec import Struct

from actum.runtime.actions.action_names import ActionPart
from actum.runtime.gauges.lags import Lag

Part = ActionPart | Literal["store", "broker", "key service", "feed", "view", "workflow", "task"]
State = Literal[
    "does not answer",
    "does not write",
    "stopped",
    "stands still",
    "set aside",
    "dead letter",
    "lags",
    "lags too long",
    "being built",
]


class Standstill(Struct, frozen=True):
    """A part that has stopped or lags, `since` a time in microseconds since 1970, and why.

    `key` is a view's row, the key of an action's letter, or a workflow's id. `fails_requests`: requests fail
    meanwhile.
    """

    part: Part
    name: str
    state: State
    since: int
    why: str
    key: str | None = None
    fails_requests: bool = False

    @property
    def is_failure(self) -> bool:
        """Whether somebody has to fix it, because time alone will not."""
        return self.state not in ("lags", "lags too long", "being built")

    def __str__(self) -> str:
        key = "" if self.key is None else f", {self.key}"
        return f"{self.part} {self.name}{key}: {self.state} ({self.why})"


class PartState(Struct, frozen=True):
    """A part that there is; if it goes on, there is no standstill of it."""

    part: Part
    name: str
    lag: Lag | None = None
