"""The state of the cluster at the last heartbeat, for those who show it."""

from actum.ports.membership import ClusterState


class LatestState:
    """What the coordinator has seen at its last heartbeat; `state` is None before the first."""

    def __init__(self) -> None:
        self.state: ClusterState | None = None

    def __repr__(self) -> str:
        return f"<LatestState {self.state}>"
