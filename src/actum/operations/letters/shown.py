"""Letters: what actions could not do, listed and shown."""

from collections.abc import AsyncIterator

import msgspec
from msgspec import Raw, Struct

from actum.errors import NotFound
from actum.model.event import Stored, to_datetime
from actum.operations.page import MAX_PAGE, PAGE, check_limit
from actum.ports.database import Letter
from actum.ports.letter import LetterStatus
from actum.stores.open import Stores


class LetterPage(Struct, frozen=True):
    """A page of letters by id. The page after it comes `after` the id that is `next`; None on the last."""

    letters: list[Letter]
    next: int | None


class ShownLetter(Struct, frozen=True):
    """A letter with the event that its action failed on; None for a message, a timer, and what was erased."""

    letter: Letter
    event: Stored | None


async def list_letters(
    stores: Stores,
    *,
    action: str | None = None,
    status: LetterStatus | None = None,
    after: int = 0,
    limit: int = PAGE,
) -> LetterPage:
    """Lists a page of letters, of an action and in a status where these are given."""
    check_limit(limit)
    letters = await stores.database.letters(action=action, status=status, after=after, limit=limit)
    last = letters[-1].id if letters else after
    further = await stores.database.letters(action=action, status=status, after=last, limit=1)
    return LetterPage(letters, last if further else None)


async def all_letters(
    stores: Stores, *, action: str | None = None, status: LetterStatus | None = None
) -> AsyncIterator[list[Letter]]:
    """Gives every page of letters, of an action and in a status where these are given."""
    after: int | None = 0
    while after is not None:
        page = await list_letters(stores, action=action, status=status, after=after, limit=MAX_PAGE)
        yield page.letters
        after = page.next


async def find_letter(stores: Stores, id: int) -> Letter:
    """Gives one letter; raises NotFound if it does not exist."""
    letter = await stores.database.letter(id)
    if letter is None:
        raise NotFound(f"there is no letter {id}")
    return letter


async def show_letter(stores: Stores, id: int) -> ShownLetter:
    """Gives one letter with its event; raises NotFound if it does not exist."""
    letter = await find_letter(stores, id)
    if letter.body:
        return ShownLetter(letter, None)
    found = await stores.journal.feed(letter.position - 1, 1)
    return ShownLetter(letter, found[0] if found and found[0].position == letter.position else None)


def content_of(letter: Letter) -> Raw | None:
    """Gives the message or timer of a letter as JSON: what was sent as it was sent, and times as text."""
    if not letter.body:
        return None
    kept = msgspec.json.decode(letter.body, type=dict[str, Raw])
    for name in kept.keys() & {"body", "arguments"}:
        kept[name] = Raw(msgspec.json.decode(kept[name], type=bytes))
    for name in kept.keys() & {"time", "due"}:
        kept[name] = Raw(msgspec.json.encode(to_datetime(msgspec.json.decode(kept[name], type=int))))
    return Raw(msgspec.json.encode(kept))
