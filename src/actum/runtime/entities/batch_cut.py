"""Where a batch of writes may be cut, and what is too large to be written at all."""

from collections.abc import Sequence

from actum.runtime.entities.actor import Staged

MAX_WRITE_BYTES: int = 128 * 1024 * 1024
"""One command, or one unit. PostgreSQL takes a gigabyte in one message, and SQLite in one content."""


def is_split(staged: Sequence[Staged], place: int) -> bool:
    """Returns whether the writes before and at an index belong to one group."""
    group = staged[place].write.group
    return group is not None and group == staged[place - 1].write.group


def middle_of(batch: Sequence[Staged]) -> int | None:
    """Returns where to cut a batch in two without splitting a group, or None if it cannot be cut."""
    places = [place for place in range(1, len(batch)) if not is_split(batch, place)]
    return places[len(places) // 2] if places else None


def why_too_large(batch: Sequence[Staged]) -> str | None:
    """Returns why a batch is too large to be written at once, or None if it is not."""
    size = sum(staged.size for staged in batch)
    if size <= MAX_WRITE_BYTES:
        return None
    what = "the writes of one unit take" if len(batch) > 1 else "the events and the reply of one command take"
    return (
        f"{what} {size:,} bytes, and {MAX_WRITE_BYTES:,} are written at once: do it in several "
        "steps, or keep large contents elsewhere, and references to them in the events"
    )
