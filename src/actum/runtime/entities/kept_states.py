"""Tells the journal of which entities it keeps the state alone."""

from collections.abc import Iterable

from actum.errors import DefinitionError
from actum.model.entity import EntityType
from actum.ports.journal import Journal


def keep_states(journal: Journal, kinds: Iterable[EntityType]) -> None:
    """Has a journal keep only the newest event of the entities that keep their state alone.

    Raises DefinitionError where the store cannot do that.
    """
    names = [kind.name for kind in kinds if kind.keeps_state]
    if not names:
        return
    if journal.why_no_states:
        raise DefinitionError(
            f"{names[0]} keeps its state alone, which this store cannot: {journal.why_no_states}"
        )
    journal.keep_newest(names)
