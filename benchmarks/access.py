"""Commands a second over HTTP from callers with tokens whom rules allow it, compared with no rules."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import jwt

from actum import Actions, App, Context
from actum.access import Access, Jwt, Principal, any_of, has_role
from benchmarks.bank import Account, Deposit
from benchmarks.http import loaded, server
from benchmarks.measure import Contestant, Effort, Sample
from benchmarks.place import Place
from benchmarks.results import Against, Group

CALLERS = 1_000
REQUESTS = 20_000
HOUR = 3_600
SECRET = "a-secret-of-more-than-32-bytes-for-benchmarks"
ISSUER, AUDIENCE = "https://id.example.org", "bank"

WITHOUT = "command, without rules"
WITH = "command, with rules and tokens"
EACH_NEW = "command, with a token that is new each time"
PATH = "/accounts/{}"

teller = Actions()


@teller.post("/accounts/{id:str}")
async def deposit(ctx: Context, id: str, data: Deposit) -> int:
    return await ctx.entity(Account, id).deposit(data.amount)


def own(principal: Principal, id: str) -> bool:
    return principal.id == id


open_to_all = App("bank", entities=[Account], actions=[teller])
ruled = App(
    "bank",
    entities=[Account],
    actions=[teller],
    access=Access(
        Jwt(issuer=ISSUER, audience=AUDIENCE, algorithms=["HS256"], secret=SECRET),
        rules={deposit: has_role("customer"), Account.deposit: any_of(own, has_role("customer"))},
    ),
)


@contextmanager
def contestants(place: Place, effort: Effort) -> Iterator[dict[str, Contestant]]:
    """Returns what is measured, on two servers that run at the same time."""
    actum = ["-m", "actum", "run", "--port", "0", "--store"]
    with ExitStack() as stack:
        ports = {
            app: stack.enter_context(
                server([*actum, f"sqlite:///{place.file()}", f"benchmarks.access:{app}"])
            )
            for app in ("open_to_all", "ruled")
        }
        requests = effort.of(REQUESTS)
        few = _tokens(place.folder / "tokens", CALLERS)

        def with_new_callers() -> Sample:
            return loaded(ports["ruled"], PATH, requests, _tokens(place.folder / "new_tokens", requests))

        found: dict[str, Contestant] = {
            WITHOUT: lambda: loaded(ports["open_to_all"], PATH, requests),
            WITH: lambda: loaded(ports["ruled"], PATH, requests, few),
            EACH_NEW: with_new_callers,
        }
        for load in found.values():
            load()
        yield found


def _tokens(file: Path, count: int) -> Path:
    """Writes headers with tokens of so many callers, which no earlier call has written."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + HOUR, "roles": ["customer"]}
    made = time.time_ns()
    lines = [f"authorization: Bearer {_token(claims, number, made)}" for number in range(count)]
    file.write_text("\n".join(lines))
    return file


def _token(claims: dict[str, Any], number: int, made: int) -> str:
    return jwt.encode({**claims, "sub": str(number), "jti": str(made)}, SECRET, "HS256")


GROUP = Group(
    "Access, over HTTP, 64 connections",
    "commands a second",
    contestants,
    {
        WITH: [Against(WITHOUT, "without rules", 0.9)],
        EACH_NEW: [Against(WITHOUT, "without rules")],
    },
)
