"""What a caller asks of an entity's version where that is more than one number."""

from msgspec import Struct


class Precondition(Struct, frozen=True):
    """Which versions an entity may be at: `among` these, or any (None), and at none of `other_than`.

    With `must_exist` it has to be at version 1 or later. `said` is how the caller put it.
    """

    said: str
    among: frozenset[int] | None = None
    other_than: frozenset[int] = frozenset()
    must_exist: bool = False

    def allows(self, version: int) -> bool:
        """Says whether an entity may be at a version."""
        if self.must_exist and not version:
            return False
        return version not in self.other_than and (self.among is None or version in self.among)
