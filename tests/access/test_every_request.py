"""Whatever the rules are and whoever asks: nothing is answered that no rule allows."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from actum import Actions, App, Context, Workflow
from actum.access import Access, Principal, any_of, anyone, has_role, nobody, signed_in, through
from actum.app import definition_of
from actum.console.pages.registry import PAGES
from actum.http.routes import litestar_app
from tests.access.callers import AS_ANN, AS_CLERK, KEYS, TOKENS, bearing, token
from tests.http.bank import Account, Balances
from tests.http.serving import serving

web = Actions()


class Review(Workflow):
    async def run(self, ctx: Context) -> None:
        return None


@web.get("/plain/{id:str}")
async def plain(ctx: Context, id: str) -> str:
    return ctx.by


@web.post("/put/{id:str}")
async def put(ctx: Context, id: str) -> int:
    return await ctx.entity(Account, id).deposit(1)


@web.post("/unit/{id:str}")
async def unit(ctx: Context, id: str) -> int:
    async def both(ctx: Context) -> int:
        await ctx.entity(Account, id).deposit(1)
        return await ctx.entity(Account, "other").deposit(1)

    return await ctx.atomic(both)


@web.get("/asked")
async def asked(ctx: Context) -> int:
    return await ctx.view(Balances).total()


@web.get("/seen/{id:str}")
async def seen(ctx: Context, id: str) -> int:
    return len(await ctx.history(Account, id))


web.post("/reviews/{id:str}").start(Review)
web.expose(Account, path="/accounts/{id}", state=True)
web.expose(Balances, path="/balances")


def own(principal: Principal, id: str) -> bool:
    return principal.id == id


class Caller(Struct, frozen=True):
    """Who asks: headers that say so, and what the rules are to know of it; no `id` for nobody."""

    headers: dict[str, str]
    id: str = ""
    roles: tuple[str, ...] = ()
    is_valid: bool = True


CALLERS = {
    "nobody": Caller({}),
    "a wrong key": Caller({"X-API-Key": "a-key-that-nobody-was-given"}, is_valid=False),
    "a wrong token": Caller(bearing(token("ann", iss="https://other.example.org")), is_valid=False),
    "the till": Caller(AS_CLERK, "till", ("clerk",)),
    "ann by key": Caller(AS_ANN, "ann"),
    "ann by token": Caller(bearing(token("ann", roles=["clerk"])), "ann", ("clerk",)),
    "bob by token": Caller(bearing(token("bob")), "bob"),
}

Allows = Callable[[Caller, str, object], bool]

RULES: dict[str, tuple[Any, Allows]] = {
    "anyone": (anyone, lambda caller, id, route: True),
    "signed in": (signed_in, lambda caller, id, route: bool(caller.id)),
    "clerks": (has_role("clerk", "boss"), lambda caller, id, route: "clerk" in caller.roles),
    "nobody": (nobody, lambda caller, id, route: False),
}
OF_ID: dict[str, tuple[Any, Allows]] = {
    "one's own": (own, lambda caller, id, route: caller.id == id),
    "one's own, or clerks": (
        any_of(own, has_role("clerk")),
        lambda caller, id, route: caller.id == id or "clerk" in caller.roles,
    ),
}
WITHIN: dict[str, tuple[Any, Allows]] = {
    "through put": (through(put), lambda caller, id, route: route is put),
    "through put, or one's own": (
        any_of(through(put), own),
        lambda caller, id, route: route is put or caller.id == id,
    ),
}
KINDS = RULES | OF_ID | WITHIN

SUBJECTS: dict[Any, list[str]] = {
    plain: [*RULES, *OF_ID],
    put: [*RULES, *OF_ID],
    unit: [*RULES, *OF_ID],
    seen: [*RULES, *OF_ID],
    asked: [*RULES],
    Review: [*RULES, *OF_ID],
    Account: [*KINDS],
    Account.open: [*KINDS],
    Account.deposit: [*KINDS],
    Account.current_balance: [*KINDS],
    Balances: [*RULES],
    Balances.total: [*RULES],
    "/schema": [*RULES],
    "/-/ready": [*RULES],
    "/-/console": [*RULES],
    "/-/metrics": [*RULES],
}
"""What may have a rule, and which rules it may have."""

Needs = list[tuple[Any, str]]


class Asked(Struct, frozen=True):
    """One request, and each subject that has to allow it, with the id that it is about."""

    method: str
    path: str
    route: object
    needs: Callable[[str], Needs]
    body: Any = None


OPEN: Needs = []
REQUESTS: dict[str, Asked] = {
    "/plain/{id}": Asked("GET", "/plain/{}", plain, lambda id: [(plain, id)]),
    "/put/{id}": Asked("POST", "/put/{}", put, lambda id: [(put, id), (Account.deposit, id)]),
    "/unit/{id}": Asked(
        "POST", "/unit/{}", unit, lambda id: [(unit, id), (Account.deposit, id), (Account.deposit, "other")]
    ),
    "/asked": Asked("GET", "/asked", asked, lambda id: [(asked, ""), (Balances.total, "")]),
    "/seen/{id}": Asked("GET", "/seen/{}", seen, lambda id: [(seen, id), (Account, id)]),
    "/reviews/{id}": Asked("POST", "/reviews/{}", Review, lambda id: [(Review, id)]),
    "/accounts/{id}/open": Asked(
        "POST", "/accounts/{}/open", None, lambda id: [(Account.open, id)], {"owner": "x"}
    ),
    "/accounts/{id}/deposit": Asked(
        "POST", "/accounts/{}/deposit", None, lambda id: [(Account.deposit, id)], {"amount": 1}
    ),
    "/accounts/{id}/current-balance": Asked(
        "GET", "/accounts/{}/current-balance", None, lambda id: [(Account.current_balance, id)]
    ),
    "/accounts/{id}": Asked("GET", "/accounts/{}", None, lambda id: [(Account, id)]),
    "/balances/total": Asked("GET", "/balances/total", None, lambda id: [(Balances.total, "")]),
    "/schema": Asked("GET", "/schema", None, lambda id: [("/schema", "")]),
    "/schema/swagger": Asked("GET", "/schema/swagger", None, lambda id: [("/schema", "")]),
    "/schema/openapi.json": Asked("GET", "/schema/openapi.json", None, lambda id: [("/schema", "")]),
    "/schema/page/{name}": Asked("GET", "/schema/page/start.js", None, lambda id: [("/schema", "")]),
    "/-/ready": Asked("GET", "/-/ready", None, lambda id: [("/-/ready", "")]),
    "/-/metrics": Asked("GET", "/-/metrics", None, lambda id: [("/-/metrics", "")]),
}
SERVED = {"/-/ready", "/-/metrics"}
"""Those that are added when the application is served."""
CONSOLE = "/-/console"
ENDLESS = "/-/console/live/stream"
"""An answer that goes on, so that only those are asked for it who are refused."""
OF_CONSOLE = [
    Asked("GET", path, None, lambda id: [(CONSOLE, "")])
    for path in (CONSOLE, f"{CONSOLE}/assets/console.css", f"{CONSOLE}/nowhere")
] + [
    Asked(
        route.method,
        f"{CONSOLE}/{page.name}{route.path}".replace("{name:str}", "balances"),
        None,
        lambda id: [(CONSOLE, "")],
    )
    for page in PAGES
    for route in page.routes
]
ALWAYS = {"/-/health"}
"""What is open whatever the rules are."""
CLASSES = {
    Account.open: Account,
    Account.deposit: Account,
    Account.current_balance: Account,
    Balances.total: Balances,
}
"""The class whose rule holds for a command or query that has none."""


def bank(rules: dict[Any, str]) -> App:
    return App(
        "bank",
        entities=[Account],
        views=[Balances],
        workflows=[Review],
        actions=[web],
        access=Access(KEYS, TOKENS, rules={subject: KINDS[kind][0] for subject, kind in rules.items()}),
    )


def is_allowed(rules: dict[Any, str], caller: Caller, needed: Needs, route: object) -> bool:
    """Says it in another way than the framework does."""
    if not caller.is_valid:
        return False
    for subject, id in needed:
        kind = rules.get(subject) or rules.get(CLASSES.get(subject))
        if kind is None or not KINDS[kind][1](caller, id, route):
            return False
    return True


async def ask(http: httpx.AsyncClient, asked: Asked, caller: Caller, id: str) -> int:
    answer = await http.request(
        asked.method,
        asked.path.format(id),
        headers=caller.headers,
        **({} if asked.body is None else {"json": asked.body}),
    )
    if answer.status_code in (401, 403):
        assert answer.json()["type"].rpartition(":")[2] in ("unauthenticated", "forbidden")
        assert ("WWW-Authenticate" in answer.headers) == (answer.status_code == 401)
    return answer.status_code


async def check(rules: dict[Any, str], ids: list[str]) -> None:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ACTUM_METRICS", "1")
        async with serving(bank(rules)) as http:
            await check_routes(http, rules, ids)
            await check_console(http, rules)


async def check_console(http: httpx.AsyncClient, rules: dict[Any, str]) -> None:
    for asked in OF_CONSOLE:
        for name in ("nobody", "a wrong token", "the till", "bob by token"):
            caller = CALLERS[name]
            is_let_in = is_allowed(rules, caller, asked.needs(""), None)
            if asked.path == ENDLESS and is_let_in:
                continue
            status = await ask(http, asked, caller, "")
            said = f"{asked.method} {asked.path} by {name}: {status} with {rules.get(CONSOLE)}"
            if CONSOLE not in rules:
                assert status == 404, said
            elif is_let_in:
                assert status not in (401, 403), said
            else:
                assert status == (403 if caller.id else 401), said
            assert status < 500, said


async def check_routes(http: httpx.AsyncClient, rules: dict[Any, str], ids: list[str]) -> None:
    for asked in REQUESTS.values():
        for name, caller in CALLERS.items():
            for id in ids:
                status = await ask(http, asked, caller, id)
                said = f"{asked.method} {asked.path} for {id} by {name}: {status} with {rules}"
                if is_allowed(rules, caller, asked.needs(id), asked.route):
                    assert status not in (401, 403), said
                else:
                    assert status == (403 if caller.id else 401), said
                assert status < 500, said


def test_every_route_is_among_the_requests() -> None:
    """One that is added has to be added here too."""
    site = litestar_app(definition_of(bank({})))
    paths = {route.path_format for route in site.routes}

    assert paths == REQUESTS.keys() - SERVED


@pytest.mark.parametrize("rule", ["anyone", "clerks", "nobody"])
async def test_every_address_of_the_console_has_the_one_rule(rule: str) -> None:
    await check({CONSOLE: rule}, [])


async def test_without_rules_everything_but_health_is_refused() -> None:
    await check({}, ["ann"])
    async with serving(bank({})) as http:
        assert [(await http.get(path)).status_code for path in ALWAYS] == [200]


@pytest.mark.slow
@settings(max_examples=40)
@given(
    st.fixed_dictionaries(
        {}, optional={subject: st.sampled_from(kinds) for subject, kinds in SUBJECTS.items()}
    ),
    st.lists(st.sampled_from(["ann", "bob", "till", "other"]), min_size=1, max_size=2, unique=True),
)
def test_nothing_is_answered_that_no_rule_allows(rules: dict[Any, str], ids: list[str]) -> None:
    """Rules, callers and ids are generated; every route is asked by every caller."""
    asyncio.run(check(rules, ids))
