"""The source of events: the feed from the checkpoint of each slice on, which moves up as events are done."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from math import inf
from time import monotonic

from msgspec.structs import astuple

from actum.model.event import Stored
from actum.ports.database import Database, Letter, NewLetter, Progress, SliceMove, SliceState
from actum.ports.journal import EventRange, Journal
from actum.runtime.actions.triggers.sliced_source import Leases, Slice, SlicedSource
from actum.runtime.actions.triggers.source import Item, Lowest
from actum.runtime.feed import Feed

LAZY = 10_000
"""Positions without an event for the action after which its checkpoint is saved all the same."""
PAUSE = 1.0
"""Seconds after which the checkpoints of all slices are saved, those without an event for the action too."""
PAGE = 500


def _asleep_at(position: int) -> int:
    """Writes the place up to which a type was handled that the action does not have now."""
    return -position - 1


def _slept_since(written: int) -> int:
    return -written - 1


class EventSource(SlicedSource):
    """Events of some types, keyed by entity; all up to a slice's checkpoint are done or letters.

    With `kind`, only events of the entities of that kind. `declared` are all types that the application has.
    """

    can_read_again = True

    def __init__(
        self,
        action: str,
        types: Collection[str],
        *,
        declared: Collection[str] = (),
        checkpoint: int,
        head: int,
        is_since_beginning: bool,
        feed: Feed,
        journal: Journal,
        database: Database,
        slices: int = 1,
        kind: str | None = None,
    ) -> None:
        super().__init__(database, slices)
        self._action = action
        self._types = frozenset(types)
        self._declared = declared
        self._kind = kind
        self._head = head
        self._is_since_beginning = is_since_beginning
        self._checkpoint = self._position = checkpoint
        self._feed = feed
        self._journal = journal
        self._waiting: asyncio.Task[None] | None = None
        self._lazy = LAZY if slices == 1 else inf
        self._saved_all = 0.0
        feed.join()

    @property
    def position(self) -> int:
        """The position up to which the feed was given."""
        return self._position

    async def load(self, leases: Mapping[int, Leases]) -> list[Slice]:
        stored, states = await self._states(leases)
        opened = {number: self._settled(state) for number, state in states.items()}
        await self._store(
            leases, {number: new for number, new in opened.items() if new != stored.get(number)}
        )
        # The last save may have succeeded although it was reported as failed.
        return [
            Slice(number, leases[number], state.checkpoint, state.checkpoint, state.triggers)
            for number, state in opened.items()
        ]

    async def read_page(self, after: int, limit: int, given: int) -> tuple[Sequence[Stored], int]:
        return await self._feed.next(after, limit)

    def items(self, page: Sequence[Stored], slices: Mapping[int, Slice]) -> list[Item]:
        types, kind, slice_of, is_split = self._types, self._kind, self.slice_of, self.slices > 1
        items: list[Item] = []
        for stored in page:
            if stored.type not in types or (kind is not None and stored.kind != kind):
                continue
            key = f"{stored.kind}/{stored.id}"
            number = slice_of(key) if is_split else 0
            one = slices.get(number)
            if one is not None and stored.position > one.given and stored.position > one.counts[stored.type]:
                items.append(Item(stored.position, key, b"", stored, len(stored.payload), number))
        return items

    async def wait(self, after: int) -> None:
        if self.slices == 1:
            await self._feed.wait(after)
            return
        waiting = self._waiting = asyncio.create_task(self._feed.wait(after))
        try:
            await asyncio.wait({waiting})
        finally:
            waiting.cancel()

    def wake(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()

    async def read_again(self, last: Item, up_to: int, limit: int) -> tuple[list[Item], bool]:
        version = last.content.version
        kind, id = last.content.kind, last.content.id
        while page := await self._journal.read(EventRange(kind, id, after=version, limit=limit)):
            found = [one for one in page if one.position <= up_to]
            items = [self._item(one) for one in found if self._is_wanted(one, last.slice)]
            if items or len(found) < len(page):
                return items, len(found) < len(page)
            version = page[-1].version
        return [], True

    async def save_held(
        self, done: Mapping[int, Sequence[int]], letters: Sequence[NewLetter], lowest: Lowest
    ) -> None:
        moves = self._moves(done, {letter.slice for letter in letters}, lowest)
        if not moves:
            return
        if self.slices == 1:
            [(_, before, checkpoint)] = map(astuple, moves)
            progress = Progress(
                self._action, "events", before=before, checkpoint=checkpoint, letters=tuple(letters)
            )
        else:
            progress = Progress(self._action, "events", letters=tuple(letters), moves=tuple(moves))
        await self._fenced([move.slice for move in moves]).save(progress)
        held = self._held
        for move in moves:
            if move.slice in held:
                held[move.slice].saved = move.checkpoint

    def _moves(
        self, done: Mapping[int, Sequence[int]], failed: Collection[int], lowest: Lowest
    ) -> list[SliceMove]:
        """Gives the checkpoints to be saved: of slices where something was done, of others now and then."""
        moves: list[SliceMove] = []
        now = monotonic()
        is_time = self.slices > 1 and now - self._saved_all >= PAUSE
        for one in self._held.values():
            open_from = lowest(one.number)
            checkpoint = one.given if open_from is None else open_from - 1
            advanced = checkpoint - one.saved
            is_due = is_time or done.get(one.number) or one.number in self._leaving
            if one.number in failed or (advanced and (is_due or advanced >= self._lazy)):
                moves.append(SliceMove(one.number, one.saved, checkpoint))
        if is_time and moves:
            self._saved_all = now
        return moves

    async def fetch(self, letter: Letter) -> Item | None:
        found = await self._journal.feed(letter.position - 1, 1)
        if not found or found[0].position != letter.position:
            return None
        return self._item(found[0])

    async def is_empty(self) -> bool:
        return self._position >= self._feed.head and not self.is_behind

    async def is_settled(self) -> bool:
        head = self._feed.head
        if self._feed.readable < head:
            return False
        elsewhere = set(range(self.slices)) - self._here.keys()
        _, states = await self._states(elsewhere or {0})
        after = min(state.checkpoint for state in states.values())
        # A checkpoint need not be saved for events that nothing is to be done for.
        while after < head and (page := await self._journal.feed(after, PAGE)):
            if any(self._is_open(stored, states) for stored in page if stored.position <= head):
                return False
            after = page[-1].position
        return True

    def _is_open(self, stored: Stored, states: Mapping[int, SliceState]) -> bool:
        """Says whether an event is to be done, by the stored states of slices."""
        state = states.get(self.slice_of(f"{stored.kind}/{stored.id}"))
        if state is None or stored.type not in self._types or self._kind not in (None, stored.kind):
            return False
        return stored.position > max(state.checkpoint, state.triggers.get(stored.type, 0))

    async def _states(
        self, numbers: Collection[int]
    ) -> tuple[Mapping[int, SliceState], dict[int, SliceState]]:
        """Gives what is stored of slices, and their states: one never begun is where the whole action was."""
        stored = await self._database.slice_states(self._action) if self.slices > 1 else {}
        if stored.keys() >= set(numbers) and self.slices > 1:
            return stored, {number: stored[number] for number in numbers}
        triggers = await self._database.triggers(self._action)
        checkpoint = await self._database.checkpoint(self._action, at_first=self._checkpoint)
        whole = SliceState(checkpoint, triggers)
        if self.slices == 1:
            stored[0] = whole
        return stored, {number: stored.get(number, whole) for number in numbers}

    def _settled(self, state: SliceState) -> SliceState:
        """Gives the position from which each type of event counts, and where to read on.

        A type that is new to an action that has run before counts from this start on. With
        since="beginning" the feed is read again from the beginning, for that type alone.

        A type that the action had and that no class declares now is asleep: a release was rolled back. Where
        it was handled up to is kept, and when it comes back the feed is read again from there, for that type
        alone. One that is declared, and left out of the action, is forgotten.
        """
        kept = state.triggers
        if not kept:
            return SliceState(state.checkpoint, dict.fromkeys(self._types, 0))
        asleep = {
            name: since if since < 0 else _asleep_at(max(since, state.checkpoint))
            for name, since in kept.items()
            if name not in self._types and name not in self._declared
        }
        counts = {name: kept.get(name, self._head) for name in self._types}
        again = {name: _slept_since(since) for name, since in counts.items() if since < 0}
        if self._is_since_beginning:
            again |= dict.fromkeys(self._types - kept.keys(), 0)
        if not again:
            return SliceState(state.checkpoint, counts | asleep)
        counts = {name: again.get(name, max(since, state.checkpoint)) for name, since in counts.items()}
        return SliceState(min(state.checkpoint, *again.values()), counts | asleep)

    async def _store(self, leases: Mapping[int, Leases], states: Mapping[int, SliceState]) -> None:
        """Stores what has changed when slices were begun."""
        if self.slices == 1:
            for state in states.values():
                await self._database.set_triggers(self._action, state.triggers, checkpoint=state.checkpoint)
        elif states:
            held = self._database.under(*(lease for number in sorted(states) for lease in leases[number]))
            await held.set_slices(self._action, states)

    def _is_wanted(self, stored: Stored, number: int) -> bool:
        one = self._here.get(number) or self._leaving.get(number)
        beyond = None if one is None else one.counts.get(stored.type)
        return beyond is not None and stored.position > beyond and self._kind in (None, stored.kind)

    def _item(self, stored: Stored) -> Item:
        key = f"{stored.kind}/{stored.id}"
        return Item(stored.position, key, b"", stored, len(stored.payload), self.slice_of(key))
