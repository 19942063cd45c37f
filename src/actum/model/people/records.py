"""Personal values are kept out of the records of workflows, which belong to no single person."""

from typing import Any, NoReturn

from actum.errors import DefinitionError
from actum.model.people.sealing import sealed_type


def refuse_in_records(where: str) -> NoReturn:
    """Raises DefinitionError for personal values that a workflow would record."""
    raise DefinitionError(
        f"{where} has Personal values, and what a workflow records belongs to no single person, so that it "
        "could not be sealed: pass on the person's id, and have a step read the data from its entity, use "
        "it, and return nothing personal"
    )


def check_recorded(annotation: Any, where: str) -> None:
    """Raises DefinitionError if values of a type, which a workflow would record, hold personal values."""
    if sealed_type(annotation, where) is not None:
        refuse_in_records(where)
