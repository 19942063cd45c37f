"""Fencing: only the current holder of the lease on a work may write for it."""

from typing import Any

from actum.errors import LeaseLost
from actum.ports.membership import Lease

# The lock makes a successor wait until the statement is over, so that nothing lands after it has begun.
HOLD = "SELECT FROM actum_work WHERE work = $1::text AND epoch = $2::bigint FOR SHARE"
OPEN = "SELECT WHERE $1::text IS NULL AND $2::bigint IS NULL"


class Fence:
    """The beginning of a statement that writes only under a lease; it always writes if there is no lease.

    `held` is a CTE that gives a row while the lease stands; `values` are the first two of the statement.
    """

    def __init__(self, lease: Lease | None) -> None:
        self._lease = lease
        self.held = f"held AS MATERIALIZED ({HOLD if lease else OPEN})"
        self.values: tuple[str | None, int | None] = (lease.work, lease.epoch) if lease else (None, None)

    def __repr__(self) -> str:
        return f"<Fence of {self._lease}>"

    def around(self, change: str) -> str:
        """Gives a change, whose condition has `AND {IS_HELD}`, as a statement that says if the lease held."""
        return f"WITH {self.held}, changed AS ({change} RETURNING 1) SELECT EXISTS (SELECT FROM held)"

    async def hold(self, connection: Any) -> None:
        """Makes sure that the lease holds until the transaction ends; raises LeaseLost."""
        if self._lease is not None:
            self.check(await connection.fetch(HOLD, *self.values))

    def check(self, is_held: Any) -> None:
        """Raises LeaseLost if another process has the lease."""
        if not is_held and self._lease is not None:
            raise LeaseLost(f"{self._lease.work} is done by another process: nothing was written")


IS_HELD = "EXISTS (SELECT FROM held)"
EVERYBODYS = Fence(None)
