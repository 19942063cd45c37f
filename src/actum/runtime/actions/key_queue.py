"""The items of one key that wait for one another, as far as they are in memory."""

from actum.runtime.actions.triggers.source import Item


class KeyQueue:
    """The items of one key, the first of which is running.

    Where memory was full, later ones were dropped: those beyond `last`, up to the position `skipped_to`, are
    read again when it is their turn. A `skipped_to` of 0 means that there are none. One that is `withdrawn`
    takes nothing more: its key's slice goes to another process.
    """

    __slots__ = ("is_withdrawn", "items", "last", "skipped_to")

    def __init__(self, first: Item) -> None:
        self.items: list[Item] = [first]
        self.last: Item = first
        self.skipped_to: int = 0
        self.is_withdrawn: bool = False

    def __repr__(self) -> str:
        return f"<KeyQueue {self.last.key}, {len(self.items)} items>"

    def add(self, item: Item) -> bool:
        """Adds a later item; gives whether it is kept in memory."""
        if self.skipped_to:
            self.skipped_to = item.position
            return False
        self.items.append(item)
        self.last = item
        return True

    def shorten(self) -> list[Item]:
        """Drops all items but the first, and gives them."""
        dropped = self.items[1:]
        del self.items[1:]
        if dropped:
            self.skipped_to = self.skipped_to or dropped[-1].position
            self.last = self.items[0]
        return dropped

    def withdraw(self, *, is_running: bool) -> None:
        """Drops all items but the one that is running, for good."""
        self.is_withdrawn = True
        self.skipped_to = 0
        del self.items[1 if is_running else 0 :]

    def refill(self, items: list[Item], *, up_to: int, is_all: bool) -> None:
        """Adds items that were read again; `is_all` says that there are no others up to `up_to`."""
        self.items += items
        if items:
            self.last = items[-1]
        if is_all and self.skipped_to == up_to:
            self.skipped_to = 0
