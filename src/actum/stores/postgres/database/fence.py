"""Fencing: only the current holder of the leases on works may write for them."""

from collections.abc import Sequence
from typing import Any

from actum.errors import LeaseLost
from actum.ports.membership import Lease
from actum.stores.postgres.connection.pool import PostgresPool

# The lock makes a successor wait until the statement is over, so that nothing lands after it has begun.
HOLD = "SELECT FROM actum_work WHERE work = $1::text AND epoch = $2::bigint FOR SHARE"
OPEN = "SELECT WHERE $1::text IS NULL AND $2::bigint IS NULL"
MINE = "unnest($1::text[], $2::bigint[]) AS mine (work, epoch) USING (work, epoch)"
HOLD_ALL = f"""locked AS MATERIALIZED (
        SELECT FROM actum_work w JOIN {MINE} ORDER BY work FOR SHARE OF w
    ), held AS MATERIALIZED (SELECT WHERE (SELECT count(*) FROM locked) = cardinality($1::text[]))"""
STANDING = f"SELECT work FROM actum_work JOIN {MINE}"

Values = tuple[str | list[str] | None, int | list[int] | None]


class Fence:
    """The beginning of a statement that writes only under leases; it always writes if there are none.

    `held` is a CTE that gives a row while all leases stand; `values` are the first two of the statement.
    """

    def __init__(self, leases: Sequence[Lease] = ()) -> None:
        self._leases = leases
        self.values: Values = (None, None)
        if len(leases) > 1:
            self.held = HOLD_ALL
            self.values = ([lease.work for lease in leases], [lease.epoch for lease in leases])
        else:
            self.held = f"held AS MATERIALIZED ({HOLD if leases else OPEN})"
            for lease in leases:
                self.values = (lease.work, lease.epoch)

    def __repr__(self) -> str:
        return f"<Fence of {self._leases}>"

    def around(self, change: str) -> str:
        """Gives a change, whose condition has `AND {IS_HELD}`, as a statement that says if it was made."""
        return f"WITH {self.held}, changed AS ({change} RETURNING 1) SELECT EXISTS (SELECT FROM held)"

    async def hold(self, connection: Any) -> None:
        """Makes sure that the leases hold until the transaction ends; raises LeaseLost."""
        for lease in sorted(self._leases, key=lambda lease: lease.work):
            if not await connection.fetch(HOLD, lease.work, lease.epoch):
                raise _lost([lease.work])

    async def check(self, is_held: Any, pool: PostgresPool) -> None:
        """Raises LeaseLost if another process has one of the leases."""
        if is_held or not self._leases:
            return
        standing: set[str] = set()
        if len(self._leases) > 1:
            standing = {work for (work,) in await pool.fetch(STANDING, *self.values)}
        raise _lost([lease.work for lease in self._leases if lease.work not in standing])


def _lost(works: Sequence[str]) -> LeaseLost:
    what = f"{', '.join(works)} {'is' if len(works) == 1 else 'are'}"
    return LeaseLost(f"{what} done by another process: nothing was written", works)


IS_HELD = "EXISTS (SELECT FROM held)"
EVERYBODYS = Fence()
