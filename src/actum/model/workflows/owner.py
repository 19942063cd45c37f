"""Whose the personal values of a workflow are: the person to whom it belongs as a whole."""

from typing import Any, get_args

from msgspec import Struct

from actum.errors import DefinitionError, Invalid
from actum.model.people.sealing import SealedType
from actum.model.signature import Signature

ID = "id"


class WorkflowOwner:
    """Finds the person of a workflow in its id or its arguments.

    `person` is "id", the name of a parameter of `run`, that of a field of one of its parameters, or None.
    Then it is the person whose personal values its arguments hold, if they are those of one person alone.
    """

    def __init__(self, name: str, person: str | None, signature: Signature) -> None:
        self.person = person
        self._name = name
        self._signature = signature
        self._place = -1
        self._is_field = False
        if person is not None and person != ID:
            self._find(person)
        for sealed in (signature.sealed, signature.sealed_reply):
            if sealed is not None:
                self.check(sealed)

    def __repr__(self) -> str:
        return f"<WorkflowOwner {self.person} of {self._name}>"

    @property
    def is_personal(self) -> bool:
        """Whether the workflow has personal data, as far as its declaration says."""
        sealed = self._signature.sealed or self._signature.sealed_reply
        return self.person is not None or sealed is not None

    def check(self, sealed: SealedType) -> None:
        """Raises DefinitionError for values that the workflow records and that nobody owns."""
        if self.person is None and not sealed.names_owner:
            raise DefinitionError(
                f"{sealed.where} has Personal values, which the workflow {self._name} records, and nothing "
                f'says whose they are: write class {self._name}(Workflow, person="id") if its id is that of '
                'a person, person="customer" if its `run` takes that person\'s id as `customer`, or in a '
                "Struct with such a field, or put a field of the type PersonId beside the values"
            )

    def no_key(self, sealed: SealedType) -> DefinitionError:
        """Returns the error of values that nothing in the application's declarations told of."""
        return DefinitionError(
            f"{sealed.where} has Personal values, and the application has no key, since nothing that it "
            f"lists is declared with personal data: write class {self._name}(Workflow, person=…)"
        )

    def of(self, id: str, arguments: tuple[Any, ...]) -> str:
        """Returns the person; "" if there is none. Raises Invalid where the named place holds no id."""
        if self.person is None:
            return self._sole_person(arguments)
        if self.person == ID:
            return id
        value = arguments[self._place]
        found = getattr(value, self.person, None) if self._is_field else value
        if not isinstance(found, str) or not found:
            raise Invalid(
                f"{self._name} has personal data that belongs to nobody: {self.person!r} holds no id of a "
                "person",
                field=self.person,
            )
        return found

    def _sole_person(self, arguments: tuple[Any, ...]) -> str:
        sealed = self._signature.sealed
        if sealed is None:
            return ""
        found = {person for person, _ in sealed.values(self._signature.arguments(*arguments), "")}
        return found.pop() if len(found) == 1 else ""

    def _find(self, person: str) -> None:
        parameters = self._signature.parameters
        if person in parameters:
            self._place = list(parameters).index(person)
            return
        places = [place for place, each in enumerate(parameters.values()) if _has_field(each, person)]
        if len(places) != 1:
            raise DefinitionError(
                f"{self._name} says person={person!r}, and its run takes no such parameter, nor one Struct "
                f'with such a field: name what holds the person\'s id, or write person="id"'
            )
        self._place, self._is_field = places[0], True


def _has_field(annotation: Any, name: str) -> bool:
    """Whether values of a type have a field, all of them if there are alternatives."""
    parts = [part for part in get_args(annotation) or (annotation,) if part is not type(None)]
    return all(
        isinstance(part, type) and issubclass(part, Struct) and name in part.__struct_fields__
        for part in parts
    )
