"""The letters of a worker that are not in the database yet, bounded in number and in bytes."""

import asyncio
from collections.abc import Sequence

from actum.model.retries import Outcome
from actum.ports.database import NewLetter
from actum.runtime.actions.triggers.source import Item

MAX_LETTERS = 2_000
MAX_BYTES: int = 64 * 1024 * 1024


class UnsavedLetters:
    """Letters that are still to be saved, and the bytes of those that are being saved as well."""

    def __init__(self, action: str) -> None:
        self._action = action
        self._letters: list[NewLetter] = []
        self._bytes = 0
        self._are_saved = asyncio.Event()

    def __repr__(self) -> str:
        return f"<UnsavedLetters, {len(self._letters)} with {self._bytes} bytes>"

    def __len__(self) -> int:
        return len(self._letters)

    @property
    def is_full(self) -> bool:
        """Whether no more items are to be taken in until some letters are saved."""
        return len(self._letters) > MAX_LETTERS or self._bytes > MAX_BYTES

    def has(self, key: str) -> bool:
        """Says whether letters of a key are still to be saved."""
        return any(letter.key == key for letter in self._letters)

    def add(self, item: Item, outcome: Outcome, error: str, time: int) -> None:
        """Adds the letter of an item that failed at a time, or waits since then behind one that did."""
        letter = NewLetter(
            self._action,
            item.key,
            item.position,
            item.body,
            outcome.status,
            outcome.attempts,
            outcome.due,
            error,
            time,
            outcome.failure,
            item.slice,
        )
        self._letters.append(letter)
        self._bytes += len(item.body)

    def take(self) -> list[NewLetter]:
        """Gives the letters to be saved now. Their bytes count until `saved` is called."""
        letters, self._letters = self._letters, []
        return letters

    def saved(self, letters: Sequence[NewLetter]) -> None:
        """Makes room: these letters are in the database."""
        self._bytes -= sum(len(letter.body) for letter in letters)
        self._are_saved.set()

    async def room(self) -> None:
        """Returns when there is room for more."""
        while self.is_full:
            self._are_saved.clear()
            await self._are_saved.wait()

    def clear(self) -> None:
        """Forgets every letter."""
        self._letters.clear()
        self._bytes = 0
