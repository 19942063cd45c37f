"""The personal data of one entity class: where it is, and whose."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from actum.errors import DefinitionError
from actum.model.people.sealing import SealedType, sealed_type
from actum.model.reduction import Reduction
from actum.model.signature import Signature

ID = "id"


class Handled(Protocol):
    """A command or a query, as far as it is of interest here."""

    @property
    def signature(self) -> Signature: ...


class Call(Protocol):
    """A command to an entity, as far as it is of interest here."""

    @property
    def id(self) -> str: ...

    @property
    def command(self) -> Handled: ...


class PersonalData:
    """Where an entity class has personal values, and whose they are.

    `person` is "id", the name of a field, or "" where every value names its own owner beside it.
    """

    def __init__(
        self, name: str, person: str, state: SealedType | None, events: Mapping[str, SealedType]
    ) -> None:
        self.name = name
        self.person = person
        self.state = state
        self.events = events

    def __repr__(self) -> str:
        return f"<PersonalData of {self.name}>"

    def owner(self, id: str, value: Any) -> str:
        """Returns whose the values of an event or a state of the entity `id` are; "" if nobody is named."""
        if self.person == ID:
            return id
        return str(getattr(value, self.person, "") or "") if self.person else ""

    def of_reply(self, call: Call, state: Any, reply: Any) -> tuple[SealedType, str, Any] | None:
        """Returns how a command's reply is sealed, whose it is, and itself; None if it is not personal."""
        sealed = call.command.signature.sealed_reply
        return None if sealed is None else (sealed, self.owner(call.id, state), reply)

    def owner_of_call(self, id: str, signature: Signature, arguments: tuple[Any, ...]) -> str:
        """Returns whose the values of a command's arguments or reply are; "" if nobody is named."""
        if self.person == ID:
            return id
        named = dict(zip(signature.parameters, arguments, strict=True))
        return str(named.get(self.person) or "")


def personal_data(
    cls: type[Any], person: str | None, reductions: Iterable[Reduction], handled: Mapping[str, Handled]
) -> PersonalData | None:
    """Returns an entity's personal data, None if it has none; raises DefinitionError if nobody owns it."""
    name = cls.__name__
    state = sealed_type(cls, name)
    events = {
        one.event_type.name: one.event_type.sealed for one in reductions if one.event_type.sealed is not None
    }
    signatures = [one.signature for one in handled.values()]
    calls = [one for each in signatures for one in (each.sealed, each.sealed_reply) if one is not None]
    if state is None and not events and not calls:
        if person is not None:
            raise DefinitionError(
                f"{name} says person={person!r}, and has no personal data: mark its fields, as in "
                "`email: Personal[str]`, or leave person= out"
            )
        return None
    if person is None:
        for found in (*([state] if state else ()), *events.values(), *calls):
            if not found.names_owner:
                raise DefinitionError(
                    f"{found.where} has Personal values, and nothing says whose they are: write "
                    f'class {name}(Entity, person="id") if the id of {name} is that of a person, '
                    f'person="customer" if its field `customer` holds that, or put a field of the type '
                    "PersonId beside them"
                )
    elif person != ID:
        _check_fields(name, cls, person, state, reductions)
    return PersonalData(name, person or "", state, events)


def _check_fields(
    name: str, cls: type[Any], person: str, state: SealedType | None, reductions: Iterable[Reduction]
) -> None:
    """Raises DefinitionError for personal values that are not beside the field that says whose they are."""
    declared = [(cls, state)] + [(one.event_type.payload_class, one.event_type.sealed) for one in reductions]
    for holder, sealed in declared:
        if sealed is not None and not sealed.names_owner and person not in holder.__struct_fields__:
            raise DefinitionError(
                f"{name} says person={person!r}, and {holder.__name__}, which has Personal values, has no "
                f"field {person!r}: add `{person}: str` to it, so that what is stored says whose it is"
            )
