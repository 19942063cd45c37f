"""Clients that send each request to any of several processes, and keep when it was asked and answered."""

import asyncio
import contextlib
import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

import httpx
from msgspec import Struct

from tests.faults.evidence import Evidence
from tests.faults.linearizable import Operation, is_linearizable
from tests.faults.load import Answer, Kept, Load, Request

PATIENCE = 4.0
"""Seconds that a client waits for a process that may be paused."""
HOT = 0.4
"""Chance that a request is for the one hot account."""
COLD = 40
READ = 0.25
LATER = (409, 503)


class Read(Struct, frozen=True):
    """What a query or a view answered to somebody who had seen what happened up to a position."""

    account: str
    start: float
    end: float
    shown: int
    position: int


class SpreadLoad(Load):
    """Sends requests to whichever of the processes chance names, again and again."""

    def __init__(self, seed: int, kept: Kept, urls: Callable[[], Sequence[str]]) -> None:
        super().__init__(seed, kept)
        self.balances: list[Read] = []
        self.rows: list[Read] = []
        self.refused = 0
        self._urls = urls
        self._started: dict[str, float] = {}
        self._ended: dict[str, float] = {}
        self._lost: set[str] = set()
        self._seen: dict[str, int] = {}

    async def keep_sending(self, *, clients: int, until: Callable[[], bool]) -> None:
        """Sends until it is told to stop."""
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as http:
            await asyncio.gather(*(self._spread_client(http, until) for _ in range(clients)))

    async def send_the_rest(self) -> None:
        """Sends again, until it is answered, what has a key and was not."""
        async with asyncio.timeout(60), httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as http:
            while self.kept.pending:
                await self._ask(http, self.kept.pending.pop())

    async def send_until_answered(self, url: str, body: dict[str, Any]) -> None:
        """Sends one request until it is answered, under a key, so that it takes effect once."""
        headers = {"Idempotency-Key": f"{url}-{body['marks'] if 'marks' in body else body['mark']}"}
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as http:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if (await http.post(url, json=body, headers=headers)).status_code == 201:
                        return
                await asyncio.sleep(0.05)

    async def row_of(self, url: str, account: str) -> Any:
        """Gives the row of an account that shows what was written so far, once somebody keeps the view."""
        async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    current = await http.get(f"{url}/accounts/{account}")
                    if current.status_code not in LATER:
                        headers = {"Actum-Position": current.headers.get("Actum-Position", "0")}
                        answer = await http.get(f"{url}/balances/{account}", headers=headers)
                        if answer.status_code not in LATER:
                            return answer.json()
                await asyncio.sleep(0.05)

    def check_linearizable(self, found: Evidence) -> int:
        """Holds what was answered about each account against one order of events; gives how much it was."""
        histories: dict[str, list[Operation]] = defaultdict(list)
        for answer in self.kept.answers.values():
            for account, amount, shown in _effects(answer):
                name = answer.request.marks[0]
                histories[account].append(
                    _change(self._started[name], self._ended[name], amount, shown, answer.status)
                )
        for request in self.kept.unsure:
            # What left no event had no effect on anybody.
            for fact in found.by_mark[request.marks[0]]:
                amount = fact.payload["amount"] * (-1 if fact.type == "Withdrawn" else 1)
                histories[fact.id].append(_change(self._started[request.marks[0]], inf, amount, None, 201))
        for read in self.balances:
            histories[read.account].append(_look(read))
        for account, history in histories.items():
            assert is_linearizable(history, 0), f"no order explains what was answered about {account}"
        return sum(map(len, histories.values()))

    def check_rows(self, found: Evidence) -> int:
        """G10: a view showed at least what had happened up to the position that came with the request."""
        for read in self.rows:
            before = sum(
                fact.id == read.account and fact.position <= read.position for fact in found.accounts
            )
            assert read.shown >= before, f"{read} does not show {before} events"
        return len(self.rows)

    def _two_accounts(self) -> tuple[int, int]:
        chance = self._chance
        account, other = chance.sample(range(1, COLD), 2)
        return (0 if chance.random() < HOT else account), other

    async def _spread_client(self, http: httpx.AsyncClient, until: Callable[[], bool]) -> None:
        while not until():
            if self._chance.random() < READ:
                await self._look_at(http, f"a{self._two_accounts()[0]}")
            elif not await self._ask(http, self._next()):
                await asyncio.sleep(0.05)

    async def _ask(self, http: httpx.AsyncClient, request: Request) -> bool:
        """Sends a request and keeps what came of it; False when nobody could answer for now."""
        name = request.marks[0]
        self._started.setdefault(name, time.monotonic())
        headers = {} if request.key is None else {"Idempotency-Key": request.key}
        try:
            response = await http.post(self._any_url() + request.path, json=request.body, headers=headers)
        except httpx.TransportError:
            response = None
        if response is None or response.status_code in LATER:
            self.refused += response is not None
            self._lost.add(name)
            (self.kept.unsure if request.key is None else self.kept.pending).append(request)
            return False
        if response.status_code not in (201, 422):
            self.kept.strange.append(f"{request} was answered {response.status_code}: {response.text}")
            return True
        if response.status_code == 422 and name in self._lost:
            # What got no answer may still be on its way, and be allowed by then.
            self.kept.unsure.append(request)
            return True
        self._ended.setdefault(name, time.monotonic())
        position = int(response.headers.get("Actum-Position", 0))
        reply = response.json() if response.status_code == 201 and response.content else None
        self.kept.note(Answer(request, response.status_code, reply, position))
        if request.path.startswith("/accounts"):
            account = request.path.split("/")[2]
            self._seen[account] = max(position, self._seen.get(account, 0))
        return True

    async def _look_at(self, http: httpx.AsyncClient, account: str) -> None:
        start = time.monotonic()
        position = self._seen.get(account, 0)
        is_row = self._chance.random() < 0.5
        path = f"/balances/{account}" if is_row else f"/accounts/{account}"
        headers = {"Actum-Position": str(position)} if is_row else {}
        try:
            response = await http.get(self._any_url() + path, headers=headers)
        except httpx.TransportError:
            return
        if response.status_code == 200:
            shown = response.json()[1] if is_row else response.json()
            read = Read(account, start, time.monotonic(), shown, position)
            (self.rows if is_row else self.balances).append(read)
        elif response.status_code not in LATER:
            self.kept.strange.append(f"{path} was answered {response.status_code}: {response.text}")

    def _any_url(self) -> str:
        return random.Random(self._chance.getrandbits(32)).choice(self._urls())


def _effects(answer: Answer) -> list[tuple[str, int, int | None]]:
    """Gives what an answer says of each account: by how much it changed, and to what."""
    request = answer.request
    body = request.body
    if request.sort == "transfer":
        if answer.status == 422:
            return [(body["source"], -body["amount"], None)]
        left, right = answer.reply
        return [(body["source"], -body["amount"], left), (body["target"], body["amount"], right)]
    if request.sort in ("deposit", "rewarded"):
        amount = body["amount"] * (2 if request.sort == "rewarded" else 1)
        return [(request.path.split("/")[2], amount, answer.reply)]
    return []


def _change(start: float, end: float, amount: int, shown: int | None, status: int) -> Operation:
    def apply(balance: int) -> int | None:
        after = balance + amount
        if status == 422:
            return balance if after < 0 else None
        return after if after >= 0 and shown in (None, after) else None

    return Operation(start, end, apply)


def _look(read: Read) -> Operation:
    return Operation(read.start, read.end, lambda balance: balance if balance == read.shown else None)
