"""A wrapper of a journal passes on whatever a journal has, also what is added to the port later."""

from actum.ports.journal import Journal
from actum.ports.journal_wrapper import JournalWrapper
from actum.stores.memory import MemoryJournal


def test_a_wrapper_passes_every_method_on() -> None:
    """None is inherited from the port, whose default may not be what the journal does."""
    methods = {name for name in vars(Journal) if not name.startswith("_") and _is_code(name)}

    assert methods - vars(JournalWrapper).keys() == set()


def test_a_wrapper_says_of_itself_what_the_journal_says() -> None:
    said = [name for name in vars(Journal) if not name.startswith("_") and not _is_code(name)]
    journal = MemoryJournal()
    for name in said:
        setattr(journal, name, object())
    wrapper = JournalWrapper(journal)

    assert said
    assert [name for name in said if getattr(wrapper, name) is not getattr(journal, name)] == []


def _is_code(name: str) -> bool:
    found = vars(Journal)[name]
    return callable(found) or isinstance(found, property)
