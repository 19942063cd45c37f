"""One entity in its object: it decides, keeps, hands on to the feed, and answers when the feed has numbered it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from actum.errors import ActumError, KeyReused, NotFound, Unavailable, WrongVersion
from actum.hosts.durable_objects.inside.appending import append
from actum.hosts.durable_objects.inside.history import History
from actum.hosts.durable_objects.inside.outbox import Outbox
from actum.hosts.durable_objects.inside.platform import Platform
from actum.hosts.durable_objects.inside.program import Program
from actum.hosts.durable_objects.wire import (
    Answer,
    Append,
    Appended,
    Call,
    Cancel,
    Command,
    Erase,
    Forget,
    Load,
    Prune,
    Query,
    Read,
    Replies,
    SaveSnapshot,
    Schedule,
    Told,
    ToObject,
    refuse,
)
from actum.hosts.durable_objects.wire import History as HistoryPage
from actum.model.entity import CommandType
from actum.model.turn import Instance

encode = msgspec.json.encode
decode_calls = msgspec.json.Decoder(ToObject).decode

PAGE = 1_000
MOST_RECENT = 256
"""How many calls without events an object remembers, for one that comes again before the first is through."""
CLEANING = 60_000_000
"""Microseconds after which a call that was lost does not come again."""

Later = Callable[[], Awaitable[Any]]
"""What is left to do once the calls beside it have been decided."""


class EntityObject:
    """The inside of an object of an entity.

    Between two awaits nothing else runs, and the platform holds every answer back until the writes before it
    are durable: so a turn needs no lock, and an answer no check.
    """

    def __init__(self, platform: Platform, program: Program) -> None:
        self._platform = platform
        self._program = program
        self._history = History(platform)
        self._outbox = Outbox(platform, self._history)
        self._instance: Instance | None = None
        self._kept = 0
        self._recent: dict[str, tuple[int, str]] = {}

    def __repr__(self) -> str:
        return f"<EntityObject {self._history.kind}/{self._history.id}@{self._history.version}>"

    async def serve(self, body: str) -> str:
        """Takes calls in their order, and gives an answer to each."""
        asked = decode_calls(body)
        if self._history.is_erased():
            await self._finish_erasing()
        self._history.name(asked.space, asked.kind, asked.id)
        begun: list[Answer | Later] = []
        for call in asked.calls:
            if isinstance(call, Erase | Prune):
                # These wait for the feed, and what comes behind them is decided on what they leave.
                begun = [await self._finish(one) for one in begun]
                begun.append(await self._finish(lambda call=call: self._remove(call)))
            else:
                begun.append(self._begin(call))
        answers = [await self._finish(one) for one in begun]
        return encode(answers).decode()

    async def alarm(self) -> str:
        """Does what is due: hands on what the feed has not confirmed, and runs the commands kept for later."""
        history = self._history
        self._outbox.woken()
        if history.is_erased():
            await self._finish_erasing()
            return ""
        now = self._platform.now()
        for later in history.due(now):
            call = Command(later.command, later.arguments, later.metadata, later.key, key=later.key)
            # Refused or not, it is not tried here again: the process finds the timer, and tells of its failure.
            await self._finish(self._begin(call))
            history.cancel(later.name)
        history.forget_attempts(now - CLEANING)
        await self._outbox.drain()
        self._outbox.wake_when_needed()
        return ""

    def _begin(self, call: Call) -> Answer | Later:
        try:
            return self._act(call)
        except Exception as error:  # noqa: BLE001 (whatever it is, the caller is told)
            return refuse(error, self._where(call))

    async def _finish(self, begun: Answer | Later) -> Answer:
        if isinstance(begun, Answer):
            return begun
        try:
            return _answer(await begun())
        except Exception as error:  # noqa: BLE001 (whatever it is, the caller is told)
            return refuse(error, repr(self))

    def _where(self, call: Call) -> str:
        name = call.name if isinstance(call, Command | Query) else type(call).__name__
        return f"{self._history.kind}/{self._history.id}: {name}"

    def _act(self, call: Call) -> Answer | Later:  # noqa: PLR0911 (one line a call)
        history = self._history
        match call:
            case Command():
                return self._command(call)
            case Query():
                return self._query(call)
            case Load():
                snapshot = history.snapshot(call.fingerprint)
                after = snapshot.version if snapshot else 0
                return _answer(self._page(Read(after, None, PAGE), snapshot))
            case Read():
                return self._read(call)
            case Append():
                return self._append(call)
            case Replies():
                return _answer([history.reply(key) for key in call.keys])
            case SaveSnapshot():
                history.save_snapshot(call)
            case Schedule():
                history.schedule(call)
                self._outbox.wake_at(call.due)
            case Cancel():
                history.cancel(call.name)
            case _:
                raise Unavailable(f"an object does not know {call!r}: deploy it anew")
        return _answer(None)

    def _command(self, call: Command) -> Answer | Later:
        history = self._history
        if call.key is not None and (known := history.reply(call.key)) is not None:
            if known.call != call.mark:
                raise KeyReused(call.key, f"{history.kind}/{history.id}")
            return self._told(known.reply, history.reply_version(call.key), key=call.key, is_first=False)
        before = self._recent.get(call.attempt) or history.attempted(call.attempt)
        if before is not None:
            version, reply = before
            return self._told(reply, version)
        instance = self._live()
        self._check_version(call.expected, instance.version)
        command = self._declared(call.name, instance.kind.commands)
        arguments = command.signature.bind_json(call.arguments.encode())
        now = self._platform.now()
        version = instance.version
        try:
            emitted, answer = instance.decide(command, arguments, now)
        except BaseException:
            if instance.is_spoiled or instance.version != version:
                self._instance = None
            raise
        reply = encode(answer).decode()
        if not emitted and call.key is None:
            return _answer(Told(reply, 0, version))
        key = None if call.key is None else (call.key, call.mark)
        self._outbox.wake_soon()
        self._keep(
            lambda: history.keep(emitted, call.metadata, now, attempt=call.attempt, reply=reply, key=key)
        )
        self._remember(call.attempt, history.version, reply)
        self._snapshot_when_due(instance)
        return self._told(reply, history.version, key=None if emitted else call.key)

    def _query(self, call: Query) -> Answer:
        instance = self._live()
        self._check_version(call.expected, instance.version)
        query = self._declared(call.name, instance.kind.queries)
        arguments = query.signature.bind_json(call.arguments.encode())
        reply = encode(instance.ask(query, arguments, self._platform.now())).decode()
        return _answer(Told(reply, 0, instance.version))

    def _append(self, call: Append) -> Later:
        self._outbox.wake_soon()
        outcomes: list[Appended | int] = []
        self._keep(lambda: outcomes.extend(append(self._history, call.writes)))
        # What was decided elsewhere is not in the state of here.
        self._instance = None
        return lambda: self._place(call, outcomes)

    async def _place(self, call: Append, outcomes: Sequence[Appended | int]) -> list[Appended]:
        """Fills in the positions of what landed, which so far is known by its version."""
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

    def _told(self, reply: str, version: int, *, key: str | None = None, is_first: bool = True) -> Later:
        """Answers when the feed shows what was written; `key` is that of a call which wrote its reply alone."""

        async def tell() -> Told:
            if key is None:
                return Told(reply, await self._outbox.position(version), version)
            if is_first:
                head = await self._outbox.head()
                self._history.place_reply(key, head)
                return Told(reply, head, version)
            await self._outbox.position(version)
            known = self._history.reply(key)
            return Told(reply, known.position if known else 0, None)

        return tell

    def _page(self, call: Read, snapshot: SaveSnapshot | None) -> HistoryPage:
        history = self._history
        facts, is_complete = history.read(call.after, call.up_to, call.limit, reverse=call.reverse)
        return HistoryPage(history.version, history.pruned, facts, is_complete, snapshot)

    def _read(self, call: Read) -> Answer | Later:
        page = self._page(call, None)
        if all(fact.position for fact in page.facts):
            return _answer(page)

        async def read() -> HistoryPage:
            await self._outbox.position(self._history.version)
            return self._page(call, None)

        return read

    async def _remove(self, call: Erase | Prune) -> int:
        history = self._history
        await self._outbox.drain()
        if isinstance(call, Prune):
            removed = history.prune(call.up_to)
            if removed:
                await self._outbox.forget(Forget(history.kind, history.id, history.pruned))
            return removed
        removed = history.version - history.pruned
        history.mark_erased()
        self._outbox.wake_soon()
        await self._finish_erasing()
        return removed

    async def _finish_erasing(self) -> None:
        space, kind, id = self._history.space, self._history.kind, self._history.id
        self._instance = None
        self._recent.clear()
        await self._outbox.forget(Forget(kind, id, None))
        await self._platform.clear()
        self._history = History(self._platform)
        self._history.name(space, kind, id)
        self._outbox = Outbox(self._platform, self._history)

    def _live(self) -> Instance:
        """Gives the entity in memory, brought to life from what is stored if it is not."""
        history = self._history
        if self._instance is None:
            kind = self._program.kinds.get(history.kind)
            if kind is None:
                raise NotFound(
                    f"the objects run {self._program!r}, which has no entity {history.kind!r}: deploy it anew"
                )
            snapshot = history.snapshot(kind.fingerprint)
            try:
                self._instance = self._load(kind, snapshot)
            except ActumError:
                raise
            except Exception:
                if snapshot is None:
                    raise
                self._instance = self._load(kind, None)
        return self._instance

    def _load(self, kind: Any, snapshot: SaveSnapshot | None) -> Instance:
        history = self._history
        instance = Instance(kind, history.id)
        self._kept = 0
        if snapshot is None:
            instance.version = history.pruned
        else:
            instance.restore(snapshot.state.encode(), snapshot.version, snapshot.time)
            self._kept = snapshot.version
        while True:
            facts, is_complete = history.read(instance.version, None, PAGE, reverse=False)
            instance.replay([fact.stored(history.kind, history.id) for fact in facts])
            if is_complete and len(facts) < PAGE:
                return instance

    def _keep(self, write: Callable[[], None]) -> None:
        try:
            write()
        except Exception as error:
            self._instance = None
            # Nothing more is told of a storage that has refused a write; the platform starts the object anew.
            self._platform.reset(f"{self!r}: a write failed: {error}")
            raise Unavailable(f"{self!r}: a write failed: {error}") from error

    def _snapshot_when_due(self, instance: Instance) -> None:
        every = instance.kind.snapshot_every
        if not every or instance.version - self._kept < every:
            return
        self._kept = instance.version
        try:
            state = instance.snapshot().decode()
        except (TypeError, ValueError):
            return  # It holds what JSON cannot, and is read from its events.
        self._history.save_snapshot(
            SaveSnapshot(instance.version, instance.time, instance.kind.fingerprint, state)
        )

    def _remember(self, attempt: str, version: int, reply: str) -> None:
        self._recent[attempt] = (version, reply)
        if len(self._recent) > MOST_RECENT:
            del self._recent[next(iter(self._recent))]

    def _declared(self, name: str, among: dict[str, CommandType]) -> CommandType:
        found = among.get(name)
        if found is None:
            raise NotFound(f"the object's {self._history.kind} has no {name!r}: deploy the objects anew")
        return found

    def _check_version(self, expected: int | None, actual: int) -> None:
        if expected is not None and expected != actual:
            raise WrongVersion(f"{self._history.kind}/{self._history.id}", expected=expected, actual=actual)


def _answer(value: Any) -> Answer:
    return Answer(msgspec.Raw(encode(value)))
