"""A caller's condition on an entity's version that is more than one number."""

from msgspec import Struct


class Precondition(Struct, frozen=True):
    """Which versions an entity may be at: `among` these, or any (None), and at none of `other_than`.

    With `must_exist` it has to be at version 1 or later. `said` is the caller's own text.
    """

    said: str
    among: frozenset[int] | None = None
    other_than: frozenset[int] = frozenset()
    must_exist: bool = False

    def allows(self, version: int) -> bool:
        """Returns whether a version is allowed."""
        if self.must_exist and not version:
            return False
        return version not in self.other_than and (self.among is None or version in self.among)
