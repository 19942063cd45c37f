"""One entity's Durable Object: takes calls in order, answers them, and handles its alarm."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import msgspec
from msgspec.json import encode

from actum.errors import Unavailable
from actum.stores.durable_objects.object.appending import append
from actum.stores.durable_objects.object.deadlines import keep_deadlines
from actum.stores.durable_objects.object.history import History
from actum.stores.durable_objects.object.outbox import PATIENCE, Outbox
from actum.stores.durable_objects.object.platform import Latch, Platform
from actum.stores.durable_objects.object.program import Program
from actum.stores.durable_objects.object.turns import PAGE, Later, Turns
from actum.stores.durable_objects.refusal import Answer, refuse
from actum.stores.durable_objects.wire import (
    Append,
    Appended,
    Call,
    Cancel,
    Command,
    Erase,
    Erased,
    Facts,
    Load,
    Prune,
    Query,
    Read,
    Replies,
    SaveSnapshot,
    Schedule,
    ToObject,
)
from actum.stores.durable_objects.wire_feed import Forget

decode_calls: Callable[[bytes | str], ToObject] = msgspec.json.Decoder(ToObject).decode

CLEANING = 60_000_000
"""Microseconds after which a lost call does not come again."""


class EntityObject:
    """The object of one entity, whose kind and id arrive with the first call."""

    def __init__(self, platform: Platform, program: Program) -> None:
        self._platform = platform
        self._program = program
        self._erasing: Latch | None = None
        self._erased_at = 0
        self._open()

    def __repr__(self) -> str:
        return f"<EntityObject {self._turns!r}@{self._history.version}>"

    async def serve(self, body: str) -> str:
        """Takes calls in order, and returns an answer to each."""
        asked = decode_calls(body)
        await self._finish_erasing()
        self._history.name(asked.space, asked.kind, asked.id)
        begun: list[Answer | Later] = []
        for call in asked.calls:
            if isinstance(call, Erase | Prune):
                # These wait for the feed; the calls after them are decided on the state that they leave.
                begun = [await self._finish(one) for one in begun]
                begun.append(await self._finish(partial(self._remove, call)))
            else:
                begun.append(self._begin(call))
        return encode([await self._finish(one) for one in begun]).decode()

    async def alarm(self) -> str:
        """Does what is due: runs scheduled commands, and sends the feed what it has not confirmed."""
        self._outbox.woken()
        await self._finish_erasing()
        history = self._history
        now = self._platform.now()
        for later in history.due(now):
            call = Command(later.command, later.arguments, later.metadata, later.key, key=later.key)
            # Refused or not, it is not retried here: the process finds the timer, and the failure.
            await self._finish(self._begin(call))
            history.cancel(later.name, later.due)
        history.forget_attempts(now - CLEANING)
        await self._outbox.drain()
        self._outbox.wake_when_needed()
        return ""

    def _open(self) -> None:
        self._history = History(self._platform)
        self._outbox = Outbox(self._platform, self._history)
        self._turns = Turns(self._platform, self._program, self._history, self._outbox)

    def _begin(self, call: Call) -> Answer | Later:
        try:
            begun: Any = self._act(call)
        except Exception as error:  # noqa: BLE001 (the caller gets it)
            name = call.name if isinstance(call, Command | Query) else type(call).__name__
            return refuse(error, f"{self._turns!r}: {name}")
        return cast(Later, begun) if callable(begun) else Answer.of(begun)

    async def _finish(self, begun: Answer | Later) -> Answer:
        if isinstance(begun, Answer):
            return begun
        try:
            return Answer.of(await begun())
        except Exception as error:  # noqa: BLE001 (the caller gets it)
            return refuse(error, repr(self._turns))

    def _act(self, call: Call) -> Any:
        """Returns the answer to a call, or a function that finishes it."""
        match call:
            case Command():
                return self._turns.command(call)
            case Query():
                return self._turns.query(call)
            case Append():
                return self._append(call)
            case SaveSnapshot():
                self._history.save_snapshot(call)
            case Schedule():
                self._history.schedule(call)
                self._outbox.wake_at(call.due)
            case Cancel():
                self._history.cancel(call.name)
            case _:
                return self._read(call)
        return None

    def _read(self, call: Call) -> Any:
        match call:
            case Load():
                snapshot = self._history.snapshot(call.fingerprint)
                return self._page(Read(snapshot.version if snapshot else 0, None, PAGE), snapshot)
            case Read():
                page = self._page(call)
                return page if all(fact.position for fact in page.facts) else self._page_when_placed(call)
            case Replies():
                return [self._history.reply(key) for key in call.keys]
            case _:
                raise Unavailable(f"the object does not know {call!r}: deploy the objects again")

    def _page(self, call: Read, snapshot: SaveSnapshot | None = None) -> Facts:
        history = self._history
        facts, is_complete = history.read(call.after, call.up_to, call.limit, reverse=call.reverse)
        return Facts(history.version, history.pruned, facts, is_complete, snapshot)

    def _page_when_placed(self, call: Read) -> Later:
        async def read() -> Facts:
            await self._outbox.position(self._history.version)
            return self._page(call)

        return read

    def _append(self, call: Append) -> Later:
        outcomes: list[Appended | int] = []
        self._turns.keep(lambda: self._append_with_deadlines(call, outcomes))
        # The state in memory does not contain what another process decided.
        self._turns.forget()
        return lambda: self._place(call, outcomes)

    def _append_with_deadlines(self, call: Append, outcomes: list[Appended | int]) -> None:
        outcomes.extend(append(self._history, call.writes))
        for write, outcome in zip(call.writes, outcomes, strict=True):
            if not isinstance(outcome, Appended) and write.events:
                keep_deadlines(self._history, self._outbox, write.metadata)

    async def _place(self, call: Append, outcomes: Sequence[Appended | int]) -> list[Appended]:
        """Fills in the positions of what landed; so far only its versions are known."""
        placed: list[Appended] = []
        for write, outcome in zip(call.writes, outcomes, strict=True):
            if isinstance(outcome, Appended):
                if outcome.repeated is not None and write.key is not None and not outcome.repeated.position:
                    await self._outbox.position(self._history.version)
                    outcome.repeated = self._history.reply(write.key)
                placed.append(outcome)
            elif write.events:
                placed.append(Appended(await self._outbox.position(outcome)))
            else:
                head = await self._outbox.head()
                if write.key is not None:
                    self._history.place_reply(write.key, head)
                placed.append(Appended(head))
        return placed

    async def _remove(self, call: Erase | Prune) -> int | Erased:
        history = self._history
        while history.confirmed < history.version:
            await self._outbox.position(history.version)
        if isinstance(call, Prune):
            removed = history.prune(call.up_to)
            # Also what an earlier call removed here but failed to remove there.
            await self._outbox.forget(Forget(history.kind, history.id, history.pruned))
            return removed
        if call.version not in (None, history.version):
            return Erased(0, 0)
        removed = history.version - history.pruned
        history.mark_erased(call.time, call.why)
        self._outbox.wake_soon()
        await self._finish_erasing()
        return Erased(removed, self._erased_at)

    async def _finish_erasing(self) -> None:
        """Finishes an erasure that was begun, if any; only one at a time, because what follows is new."""
        while (begun := self._history.erased_since()) is not None:
            if self._erasing is not None:
                erasing = self._erasing
                await erasing.wait(PATIENCE)
                if self._erasing is erasing:
                    self._platform.reset(f"{self!r}: its erasure does not end")
                continue
            self._erasing = latch = self._platform.latch()
            try:
                await self._erase(*begun)
            finally:
                self._erasing = None
                latch.open()

    async def _erase(self, time: int, why: str) -> None:
        history = self._history
        self._turns.forget()
        self._erased_at = await self._outbox.forget(Forget(history.kind, history.id, None, time, why))
        await self._platform.clear()
        self._open()
        self._history.name(history.space, history.kind, history.id)
