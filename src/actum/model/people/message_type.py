"""The type of a queue's messages: what JSON makes of them, and how their personal values are sealed."""

from typing import Any

from actum.errors import DefinitionError
from actum.model.people.sealing import SealedType, sealed_type
from actum.model.values.round_trip import RoundTrip


class MessageType(RoundTrip):
    """What JSON makes of the messages of one queue; `sealed` is None where they have no personal values."""

    __slots__ = ("sealed",)

    def __init__(self, annotation: Any, where: str) -> None:
        super().__init__(annotation)
        self.sealed: SealedType | None = sealed_type(annotation, where)
        if self.sealed is not None:
            check_owned(self.sealed)
            self.read = self.sealed.opening(self.read)


def check_owned(sealed: SealedType) -> None:
    """Raises DefinitionError for personal values that are beside no field which says whose they are."""
    if not sealed.names_owner:
        raise DefinitionError(
            f"{sealed.where} has Personal values, and nothing says whose they are: put a field of the type "
            "PersonId beside them, as in `customer: PersonId`"
        )
