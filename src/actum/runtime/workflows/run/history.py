"""The history of one workflow: what is recorded, by name and occurrence, and what is to be recorded next."""

from collections.abc import Sequence

import msgspec

from actum.errors import OutdatedRecord
from actum.ports.workflows import StepRecord
from actum.runtime.workflows.run.outcome import Kept, read_kept, write_kept

MAX_RECORDS = 10_000
"""The most records of one workflow: all of them are in memory while it runs."""

Key = tuple[str, int]
"""The name and the occurrence (from 1) of what is recorded."""


class History:
    """The records of one workflow. `recorded_at` is the time of the newest that `run` has been given."""

    def __init__(self, records: Sequence[StepRecord], began: int) -> None:
        self._records: dict[Key, StepRecord] = {(one.name, one.occurrence): one for one in records}
        self._place = max((one.place for one in records), default=0)
        self._counts: dict[str, int] = {}
        self._new: dict[Key, StepRecord] = {}
        self.recorded_at = began

    def __repr__(self) -> str:
        return f"<History of {len(self._records)} records>"

    @property
    def has_news(self) -> bool:
        """Whether something is to be recorded."""
        return bool(self._new)

    def next_key(self, name: str) -> Key:
        """Gives the key of the next occurrence of a name."""
        count = self._counts[name] = self._counts.get(name, 0) + 1
        return name, count

    def find(self, key: Key) -> Kept | None:
        """Gives what is recorded under a key."""
        record = self._records.get(key)
        if record is None:
            return None
        try:
            return read_kept(record.body)
        except msgspec.MsgspecError as error:
            raise OutdatedRecord(f"{shown(key)}: its record cannot be read: {error}") from error

    def give(self, key: Key) -> None:
        """Notes that `run` is given what is recorded under a key."""
        self.recorded_at = max(self.recorded_at, self._records[key].time)

    def keep(self, key: Key, kept: Kept, time: int) -> None:
        """Adds or replaces a record, to be written with the next change."""
        before = self._records.get(key)
        if before is None:
            if len(self._records) >= MAX_RECORDS:
                raise OutdatedRecord(
                    f"it has {MAX_RECORDS:,} records, which is the most a workflow may have: do its parts in "
                    "workflows of their own, or start the next one as the last step of this one"
                )
            self._place += 1
        place = self._place if before is None else before.place
        record = self._records[key] = StepRecord(*key, place, write_kept(kept), time)
        self._new[key] = record

    def take_news(self) -> tuple[StepRecord, ...]:
        """Gives what is to be recorded, once."""
        if not self._new:
            return ()
        news = tuple(self._new.values())
        self._new.clear()
        return news


def shown(key: Key) -> str:
    """Gives a key as people read it."""
    name, occurrence = key
    return f"step {name!r}" if occurrence == 1 else f"step {name!r}, number {occurrence} of that name"
