"""Clients that send requests to the ledgers over HTTP, and keep what was acknowledged."""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any, Literal

import httpx
from msgspec import Struct

ACCOUNTS = 8
LANES = 4
MAX_MILLISECONDS = 400
KEYED = 0.5
RESENT = 0.1
"""Chance that a client sends a request again that was answered before."""

Sort = Literal["deposit", "rewarded", "transfer", "jobs", "reminders"]


class Request(Struct, frozen=True):
    """One request; `since` is when it was first sent, in microseconds since 1970."""

    sort: Sort
    path: str
    body: dict[str, Any]
    marks: list[str]
    key: str | None
    since: int


class Answer(Struct, frozen=True):
    """What was answered to a request; `position` is 0 where nothing was written."""

    request: Request
    status: int
    reply: Any
    position: int


class Kept:
    """What the clients know: what was answered, and what they are unsure of.

    `unsure` holds requests without a key that got no answer: they may have been done, and cannot be sent
    again. Those with a key wait in `pending` to be sent again.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.unsure: list[Request] = []
        self.pending: list[Request] = []
        self.resent = 0
        self.strange: list[str] = []
        self._enough = 0
        self._has_enough = asyncio.Event()

    def __repr__(self) -> str:
        return (
            f"<Kept {len(self.answers)} answers, {len(self.unsure)} unsure, {len(self.pending)} pending, "
            f"{self.resent} resent>"
        )

    async def grown_by(self, count: int) -> None:
        """Returns when there are so many answers more than now."""
        self._enough = len(self.answers) + count
        self._has_enough.clear()
        await self._has_enough.wait()

    def note(self, answer: Answer) -> None:
        """Keeps an answer; one that was given before must be the same again."""
        name = answer.request.marks[0]
        before = self.answers.setdefault(name, answer)
        if len(self.answers) >= self._enough:
            self._has_enough.set()
        if before is answer:
            return
        self.resent += 1
        if (before.reply, before.position) != (answer.reply, answer.position):
            self.strange.append(f"{before} was answered again by {answer}")


class Load:
    """Some clients that keep sending until they are told to stop or the server is gone."""

    def __init__(self, seed: int, kept: Kept) -> None:
        self.kept = kept
        self.count = 0
        self._chance = random.Random(seed)

    async def run(self, url: str, *, clients: int, until: Callable[[], bool]) -> None:
        """Sends requests over so many connections until `until` says so or the server is gone."""
        limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
        async with httpx.AsyncClient(base_url=url, limits=limits, timeout=20, trust_env=False) as http:
            await asyncio.gather(*(self._client(http, until) for _ in range(clients)))

    async def resend(self, url: str) -> None:
        """Sends again, until it is answered, what has a key and was not."""
        async with httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as http:
            while self.kept.pending:
                assert await self._send(http, self.kept.pending.pop()), f"{url} is gone"

    async def _client(self, http: httpx.AsyncClient, until: Callable[[], bool]) -> None:
        while not until():
            if not await self._send(http, self._next()):
                return

    def _next(self) -> Request:
        chance = self._chance
        if self.kept.pending:
            return self.kept.pending.pop()
        if self.kept.answers and chance.random() < RESENT:
            # The newest are those whose idempotency was interrupted, the oldest those that were forgotten.
            answer = chance.choice([*self.kept.answers.values()][-50:])
            if answer.request.key is not None and answer.status != 422:
                return answer.request
        return self._new()

    def _new(self) -> Request:
        chance = self._chance
        self.count += 1
        mark = f"{self.count:06}"
        key = f"key-{mark}" if chance.random() < KEYED else None
        sort: Sort = chance.choices(
            ("deposit", "rewarded", "transfer", "jobs", "reminders"), (6, 2, 5, 2, 2)
        )[0]
        since = time.time_ns() // 1_000
        account, other = self._two_accounts()
        if sort in ("jobs", "reminders"):
            marks = [f"{mark}-{lane}" for lane in chance.sample(range(LANES), chance.randint(1, 3))]
            body: dict[str, Any] = {"marks": marks}
            if sort == "reminders":
                body["milliseconds"] = chance.randint(0, MAX_MILLISECONDS)
            return Request(sort, f"/{sort}", body, marks, key, since)
        body = {"mark": mark, "amount": chance.randint(1, 99)}
        if sort == "transfer":
            body |= {"source": f"a{account}", "target": f"a{other}"}
            return Request(sort, "/transfers", body, [mark], key, since)
        body["is_rewarded"] = sort == "rewarded"
        return Request(sort, f"/accounts/a{account}/deposits", body, [mark], key, since)

    def _two_accounts(self) -> tuple[int, int]:
        account, other = self._chance.sample(range(ACCOUNTS), 2)
        return account, other

    async def _send(self, http: httpx.AsyncClient, request: Request) -> bool:
        """Sends a request and keeps what came of it; False when the server is gone."""
        headers = {} if request.key is None else {"Idempotency-Key": request.key}
        try:
            response = await http.post(request.path, json=request.body, headers=headers)
        except httpx.TransportError:
            if request.key is not None:
                self.kept.pending.append(request)
            else:
                self.kept.unsure.append(request)
            return False
        if response.status_code not in (201, 422):
            self.kept.strange.append(f"{request} was answered {response.status_code}: {response.text}")
            return True
        position = int(response.headers.get("Actum-Position", 0))
        reply = response.json() if response.status_code == 201 and response.content else None
        self.kept.note(Answer(request, response.status_code, reply, position))
        return True
