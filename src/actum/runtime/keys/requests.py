"""Requests with a key: which were begun, which are under way, and what was answered."""

import asyncio

from msgspec import Struct

from actum.errors import Conflict, Invalid, KeyReused
from actum.model.entity import Entity, entity_type
from actum.model.turn import Instance
from actum.ports.journal import Journal, Landed, Refused, Repeated, ReplyKey, Write
from actum.runtime.clock import Clock
from actum.runtime.coalescer import Coalescer
from actum.runtime.entities.actor import Actor, Staged
from actum.runtime.entities.committer import Committer
from actum.runtime.keys.kept_answers import Kept, Mentions, parted, staged_part, whole
from actum.runtime.keys.stored import RequestKey

BEGUN = "begun"
ANSWERED = "answered"
MAX_ATTEMPTS = 20
MAX_LOOKUPS = 20_000


class RequestMark(Entity, name="$request"):
    """Stands for a request in its stored idempotency key."""


REQUEST = entity_type(RequestMark)


class Attempt(Struct, eq=False):
    """A request that is under way in this process; `ended` is done when it no longer is."""

    identity: str | None
    ended: "asyncio.Future[None]"


class Requests:
    """The requests of clients that sent a key.

    First it is stored that a request has begun, before anything it does: so another one with its key is
    refused, even if this one was interrupted. Last its answer is stored.
    """

    def __init__(self, journal: Journal, committer: Committer, clock: Clock) -> None:
        self._journal = journal
        self._committer = committer
        self._clock = clock
        self._attempts: dict[str, Attempt] = {}
        self._replies: Coalescer[ReplyKey, Repeated | None] = Coalescer(journal.replies, most=MAX_LOOKUPS)

    def __repr__(self) -> str:
        return f"<Requests, {len(self._attempts)} under way>"

    async def begin(self, key: RequestKey) -> bytes | None:
        """Returns the stored answer; or begins the request, for the caller to `leave`, and returns None.

        Waits for one that is under way. Raises KeyReused if the key stands for another request, and
        AnswerErased if the answer mentioned an entity that was erased since.
        """
        while (other := self._attempts.get(key.stored)) is not None:
            if other.identity != key.identity:
                raise _reused(key)
            await asyncio.shield(other.ended)
        self._attempts[key.stored] = Attempt(key.identity, asyncio.get_running_loop().create_future())
        try:
            answer = await self._lease(key)
        except BaseException:
            self.leave(key)
            raise
        if answer is not None:
            self.leave(key)
        return answer

    async def answered(
        self, key: RequestKey, answer: bytes | None, mentions: Mentions | None = None
    ) -> bytes | None:
        """Stores an answer, and returns the stored one: another process may have answered first.

        It is stored with the entities that it mentions. None stands for one that is too long to be stored.
        """
        if answer is None and not (mentions and mentions.names):
            return None
        known = await self._keep(key, ANSWERED, parted(answer, mentions, self._clock.now()))
        return answer if known is None else await whole(self._journal, known.reply, key.key)

    def leave(self, key: RequestKey) -> None:
        """Lets those who wait for a request continue; leaving twice is no error."""
        attempt = self._attempts.pop(key.stored, None)
        if attempt is not None:
            attempt.ended.set_result(None)

    async def _lease(self, key: RequestKey) -> bytes | None:
        begun, answered = await asyncio.gather(
            self._replies.get((REQUEST.name, key.stored, BEGUN)),
            self._replies.get((REQUEST.name, key.stored, ANSWERED)),
        )
        if begun is None:
            begun = await self._keep(key, BEGUN, Kept(b"null"))
        if begun is not None and begun.call != key.identity:
            raise _reused(key)
        return None if answered is None else await whole(self._journal, answered.reply, key.key)

    async def _keep(self, key: RequestKey, what: str, kept: Kept) -> Repeated | None:
        """Stores a state of a request; returns what is stored already, if anything is."""
        for _ in range(MAX_ATTEMPTS):
            self._committer.admit(1 + len(kept.parts))
            # Without one transaction for all, the parts are written before what refers to them.
            staged = [*map(staged_part, kept.parts), self._staged(key, what, kept.reply)]
            if kept.parts and self._journal.spans_streams:
                group = self._committer.new_group()
                for one in staged:
                    one.write.group = group
            for one in staged:
                self._committer.stage(one)
            outcomes = await asyncio.gather(*(one.future for one in staged))
            for outcome in outcomes:
                if isinstance(outcome, Refused):
                    raise Invalid(outcome.why)
            if isinstance(outcomes[-1], Repeated):
                return outcomes[-1]
            if all(isinstance(outcome, Landed) for outcome in outcomes):
                return None
        raise Conflict(f"the request with the key {key.key!r} could not be written down: send it again")

    def _staged(self, key: RequestKey, what: str, reply: bytes) -> Staged:
        now = self._clock.now()
        write = Write(
            REQUEST.name, key.stored, 0, [], b"{}", now, key=what, call=key.identity or "", reply=reply
        )
        actor = Actor(Instance(REQUEST, key.stored), kept=0, used=now)
        actor.is_live = False
        return Staged(write, actor, asyncio.get_running_loop().create_future())


def _reused(key: RequestKey) -> KeyReused:
    return KeyReused(key.key, "this application", other="another request")
