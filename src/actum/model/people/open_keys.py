"""The keys of persons that are open in this process, by which sealed values are read.

Ids of keys are random and never used twice, so that one table serves all applications of a process.
"""

import re
from collections.abc import Callable, Iterable

from actum.errors import KeyNotLoaded, Unopened

Open = Callable[[bytes], bytes]
TOKEN = re.compile(rb'"([\w-]{22})\.[\w-]{38,}\\*"')
"""A sealed value within JSON: the id of its key, and what is sealed."""
MAX_OPEN: int = 100_000
"""Keys that are open at one time; those that were opened first are closed first."""

_open: dict[str, Open | None] = {}


def key_ids_in(*texts: bytes) -> set[str]:
    """Returns the ids of the keys under which values within these texts are sealed."""
    return {found.decode() for text in texts if b'"' in text for found in TOKEN.findall(text)}


def missing(ids: Iterable[str]) -> set[str]:
    """Returns those of the keys that are not open, and not known to be destroyed."""
    return {id for id in ids if id not in _open}


def keep_open(id: str, open_value: Open | None) -> None:
    """Opens a key for this process, or (None) notes that it was destroyed."""
    _open.pop(id, None)
    _open[id] = open_value
    if len(_open) > MAX_OPEN:
        del _open[next(iter(_open))]


def close(ids: Iterable[str]) -> None:
    """Closes keys: they are looked up again where they are needed."""
    for id in ids:
        _open.pop(id, None)


def is_open(id: str) -> bool:
    """Whether a key is open."""
    return _open.get(id) is not None


def is_destroyed(id: str) -> bool:
    """Whether a key is known to be destroyed."""
    return id in _open and _open[id] is None


def opened(token: str) -> bytes | None:
    """Opens a sealed value, as JSON; None if its key was destroyed.

    Raises KeyNotLoaded if the key is not open in this process, and Unopened for what was damaged.
    """
    id, _, body = token.partition(".")
    try:
        open_value = _open[id]
    except KeyError:
        raise KeyNotLoaded(id) from None
    if open_value is None:
        return None
    try:
        return open_value(body.encode())
    except Exception as error:
        raise Unopened(
            f"a sealed value of the key {id} cannot be opened: it was damaged, or sealed by other means"
        ) from error
