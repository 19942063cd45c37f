"""Rules: what a request needs to be allowed, and what holds for what its handler reaches."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from litestar.types import ASGIApp, Receive, Scope, Send

from actum import Actions, App, Context, Workflow
from actum.access import Access, Principal, Unauthenticated, any_of, anyone, has_role, signed_in, through
from actum.app import definition_of
from actum.http.access.authentication import ROUTE, Authentication
from actum.http.routes import litestar_app
from tests.access.callers import AS_ANN, AS_CLERK, KEYS, TOKENS, bearing, token
from tests.http.bank import Account, Balances
from tests.http.serving import serving

desk = Actions()


@desk.post("/open/{id:str}")
async def open_account(ctx: Context, id: str) -> None:
    await ctx.entity(Account, id).open("somebody")


@desk.post("/deposit/{id:str}")
async def deposit(ctx: Context, id: str) -> int:
    return await ctx.entity(Account, id).deposit(5)


@desk.get("/balance/{id:str}")
async def balance(ctx: Context, id: str) -> int:
    return await ctx.entity(Account, id).current_balance()


@desk.post("/together/{id:str}")
async def together(ctx: Context, id: str) -> int:
    return await ctx.atomic(twice, id)


async def twice(ctx: Context, id: str) -> int:
    await ctx.entity(Account, id).deposit(1)
    return await ctx.entity(Account, id).deposit(2)


@desk.post("/later/{id:str}")
async def later(ctx: Context, id: str) -> str:
    return await ctx.schedule(Account.deposit, id, after=timedelta(days=1))(5)


@desk.get("/total")
async def total(ctx: Context) -> int:
    return await ctx.view(Balances).total()


@desk.get("/row/{id:str}")
async def row(ctx: Context, id: str) -> int:
    found = await ctx.view(Balances).get(id)
    return 0 if found is None else found.balance


@desk.get("/history/{id:str}")
async def history(ctx: Context, id: str) -> int:
    return len(await ctx.history(Account, id))


@desk.get("/listed")
async def listed(ctx: Context) -> int:
    return len((await ctx.ids(Account)).items)


@desk.delete("/gone/{id:str}")
async def gone(ctx: Context, id: str) -> None:
    await ctx.delete(Account, id, erase=True)


@desk.get("/me")
async def me(ctx: Context) -> list[str]:
    return [ctx.by, ctx.principal.method, *sorted(ctx.principal.roles)]


@desk.post("/unlisted")
async def unlisted_change(ctx: Context, data: dict[str, int]) -> None: ...


@desk.get("/unlisted")
async def unlisted(ctx: Context) -> str:
    return "nobody sees this"


class Review(Workflow):
    async def run(self, ctx: Context) -> None:
        return None


@desk.post("/review/{id:str}")
async def review(ctx: Context, id: str) -> None:
    await ctx.workflow(Review, id).start()


def own(principal: Principal, id: str) -> bool:
    return principal.id == id


ROUTES = [open_account, deposit, balance, together, later, total, row, history, listed, gone, me, review]


def bank(rules: dict[object, object]) -> App:
    return App(
        "bank",
        entities=[Account],
        views=[Balances],
        workflows=[Review],
        actions=[desk],
        access=Access(KEYS, TOKENS, rules={**dict.fromkeys(ROUTES, anyone), **rules}),  # type: ignore[arg-type]
    )


@pytest.fixture
async def guarded() -> AsyncIterator[httpx.AsyncClient]:
    """Each may put money into their own account; a clerk may open accounts."""
    rules = {Account.open: has_role("clerk"), Account.deposit: own}
    async with serving(bank(rules)) as http:
        yield http


async def test_a_route_without_a_rule_is_refused(guarded: httpx.AsyncClient) -> None:
    """It says 401 to whoever is not known, and 403 to everybody else."""
    unknown = await guarded.get("/unlisted")
    known = await guarded.get("/unlisted", headers=AS_CLERK)

    assert (unknown.status_code, known.status_code) == (401, 403)
    assert unknown.headers["WWW-Authenticate"].startswith('ApiKey realm="bank"')
    assert "Bearer" in unknown.headers["WWW-Authenticate"]
    assert "WWW-Authenticate" not in known.headers
    assert [each.json()["type"] for each in (unknown, known)] == [
        "urn:actum:problem:unauthenticated",
        "urn:actum:problem:forbidden",
    ]


async def test_a_command_is_refused_that_a_route_reaches_for_somebody_it_has_no_rule_for(
    guarded: httpx.AsyncClient,
) -> None:
    """The route is open, and the command is not."""
    answers = [
        (await guarded.post("/open/ann")).status_code,
        (await guarded.post("/open/ann", headers=AS_ANN)).status_code,
        (await guarded.post("/open/ann", headers=AS_CLERK)).status_code,
    ]

    assert answers == [401, 403, 201]


@pytest.mark.parametrize("path", ["/deposit", "/together", "/later"])
async def test_a_rule_of_an_id_holds_in_units_and_for_timers_too(
    guarded: httpx.AsyncClient, path: str
) -> None:
    """Ann may put money into her own account alone, however the command is sent."""
    own_account = await guarded.post(f"{path}/ann", headers=AS_ANN)
    other = await guarded.post(f"{path}/bob", headers=AS_ANN)
    nobody = await guarded.post(f"{path}/ann")

    assert (own_account.status_code, other.status_code, nobody.status_code) == (201, 403, 401)


@pytest.mark.parametrize("path", ["/balance/ann", "/total", "/row/ann", "/history/ann", "/listed"])
async def test_what_is_only_read_needs_a_rule_too(guarded: httpx.AsyncClient, path: str) -> None:
    """Neither the view nor the entity as a whole has one."""
    assert (await guarded.get(path, headers=AS_CLERK)).status_code == 403


async def test_an_entity_is_deleted_and_a_workflow_started_only_by_whom_a_rule_allows(
    guarded: httpx.AsyncClient,
) -> None:
    assert (await guarded.delete("/gone/ann", headers=AS_CLERK)).status_code == 403
    assert (await guarded.post("/review/r", headers=AS_CLERK)).status_code == 403


async def test_the_rule_of_a_class_is_for_all_of_it() -> None:
    """An entity's is for its commands, its history and its deletion; a view's for its queries and rows."""
    rules = {Account: has_role("clerk"), Balances: has_role("clerk"), Review: has_role("clerk")}
    async with serving(bank(rules)) as http:
        allowed = [
            (await http.post("/open/ann", headers=AS_CLERK)).status_code,
            (await http.post("/deposit/ann", headers=AS_CLERK)).status_code,
            (await http.post("/review/r", headers=AS_CLERK)).status_code,
            *[
                (await http.get(path, headers=AS_CLERK)).status_code
                for path in ("/balance/ann", "/total", "/row/ann", "/history/ann", "/listed")
            ],
            (await http.delete("/gone/ann", headers=AS_CLERK)).status_code,
        ]
        refused = (await http.get("/total", headers=AS_ANN)).status_code

    assert allowed == [201, 201, 201, 200, 200, 200, 200, 200, 204]
    assert refused == 403


async def test_the_rule_of_a_command_stands_in_place_of_that_of_its_class() -> None:
    async with serving(bank({Account: signed_in, Account.open: has_role("clerk")})) as http:
        opened = await http.post("/open/ann", headers=AS_ANN)
        deposited = await http.post("/deposit/ann", headers=AS_ANN)

    assert (opened.status_code, deposited.status_code) == (403, 201)


async def test_a_command_may_be_allowed_through_one_route_alone() -> None:
    async with serving(bank({Account.deposit: any_of(through(deposit), has_role("clerk"))})) as http:
        through_it = await http.post("/deposit/ann")
        otherwise = await http.post("/together/ann")
        clerk = await http.post("/together/ann", headers=AS_CLERK)

    assert (through_it.status_code, otherwise.status_code, clerk.status_code) == (201, 401, 201)


async def test_a_rule_that_returns_no_bool_allows_nothing() -> None:
    """A function that forgot to compare would let everybody in."""

    def truthy(principal: Principal) -> bool:
        return principal.id  # type: ignore[return-value]

    async with serving(bank({Account: truthy})) as http:
        assert (await http.post("/deposit/ann", headers=AS_ANN)).status_code == 403


async def test_a_rule_that_fails_lets_nobody_in(caplog: pytest.LogCaptureFixture) -> None:
    def failing(principal: Principal) -> bool:
        raise LookupError("the table of roles is gone")

    async with serving(bank({me: failing})) as http:
        assert (await http.get("/me", headers=AS_ANN)).status_code == 500

    assert "the table of roles is gone" in caplog.text


async def test_an_action_knows_who_acts_and_with_which_roles(guarded: httpx.AsyncClient) -> None:
    clerk = await guarded.get("/me", headers=AS_CLERK)
    ann = await guarded.get("/me", headers=bearing(token("ann@id", roles=["a", "b"])))
    nobody = await guarded.get("/me")

    assert clerk.json() == ["till", "key", "clerk"]
    assert ann.json() == ["ann@id", "jwt", "a", "b"]
    assert nobody.json() == ["", ""]


async def test_a_refused_request_is_refused_before_its_body_is_read(guarded: httpx.AsyncClient) -> None:
    """Otherwise whoever may not do it would learn what it takes."""
    assert (await guarded.post("/unlisted", content=b"{", headers=AS_ANN)).status_code == 403


async def test_only_whether_it_is_alive_and_which_methods_there_are_is_told_to_everybody(
    guarded: httpx.AsyncClient,
) -> None:
    """A wrong key is not even looked at for this."""
    wrong = {"X-API-Key": "wrong"}

    assert (await guarded.get("/-/health", headers=wrong)).status_code == 200
    assert (await guarded.get("/-/ready")).status_code == 401
    assert (await guarded.get("/schema")).status_code == 401
    assert (await guarded.get("/schema/openapi.json")).status_code == 401
    assert (await guarded.options("/unlisted")).status_code == 204


async def test_documentation_and_readiness_are_shown_to_whom_a_rule_allows() -> None:
    async with serving(bank({"/schema": has_role("clerk"), "/-/ready": signed_in})) as http:
        paths = ("/schema", "/schema/swagger", "/schema/openapi.json", "/schema/page/start.js")
        clerk = [(await http.get(path, headers=AS_CLERK)).status_code for path in paths]
        ann = [(await http.get(path, headers=AS_ANN)).status_code for path in (*paths, "/-/ready")]

    assert clerk == [200] * 4
    assert ann == [403] * 4 + [200]


async def test_the_documentation_says_which_credentials_a_route_needs() -> None:
    async with serving(bank({"/schema": anyone, total: signed_in})) as http:
        document = (await http.get("/schema/openapi.json")).json()

    assert document["components"]["securitySchemes"] == {
        "apiKey": {"type": "apiKey", "name": "X-API-Key", "in": "header"},
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    }
    assert document["paths"]["/total"]["get"]["security"] == [{"apiKey": []}, {"bearer": []}]
    assert "security" not in document["paths"]["/me"]["get"]
    assert {"401", "403"} <= document["paths"]["/total"]["get"]["responses"].keys()


async def test_what_a_script_does_needs_no_rule() -> None:
    """It runs where the store is."""
    async with bank({}).running("memory:") as ctx:
        assert await ctx.entity(Account, "a").deposit(7) == 7
        assert ctx.principal == Principal()


async def test_answers_of_an_application_with_rules_are_neither_kept_nor_framed(
    guarded: httpx.AsyncClient,
) -> None:
    for answer in (await guarded.get("/me", headers=AS_ANN), await guarded.get("/unlisted")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_kept_answer_is_given_to_nobody_else() -> None:
    """Also not to somebody with the same name who is known by other means."""
    async with serving(bank({Account: signed_in})) as http:
        key = {"Idempotency-Key": "k-1"}
        first = await http.post("/deposit/ann", headers=AS_ANN | key)
        again = await http.post("/deposit/ann", headers=AS_ANN | key)
        other = await http.post("/deposit/ann", headers=AS_CLERK | key)
        namesake = await http.post("/deposit/ann", headers=bearing(token("ann")) | key)

    assert [each.json() for each in (first, again, other, namesake)] == [5, 5, 10, 15]


async def test_a_kept_answer_is_not_given_to_whoever_may_not_use_the_route(
    guarded: httpx.AsyncClient,
) -> None:
    key = {"Idempotency-Key": "k-2"}
    await guarded.post("/deposit/ann", headers=AS_ANN | key)

    assert (await guarded.post("/deposit/ann", headers=key)).status_code == 401


async def test_before_it_is_known_who_asks_nothing_can_be_reached() -> None:
    """A middleware of the author's runs first, and its request is nobody's until then."""
    seen: list[str] = []

    def reaching(app: ASGIApp) -> ASGIApp:
        async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
            ctx: Context = scope["state"]["ctx"]
            with pytest.raises(Unauthenticated):
                await ctx.entity(Account, "ann").deposit(5)
            seen.append(ctx.by)
            await app(scope, receive, send)

        return middleware

    app = App(
        "bank",
        entities=[Account],
        actions=[desk],
        views=[Balances],
        workflows=[Review],
        access=Access(KEYS, rules={me: signed_in, Account: signed_in}),
        litestar={"middleware": [reaching]},
    )
    async with serving(app) as http:
        assert (await http.get("/me", headers=AS_ANN)).status_code == 200
    assert seen == [""]


async def test_a_handler_that_was_given_no_rule_at_all_is_refused() -> None:
    """Rules are given to handlers when these are made: one that is added in another way has none."""
    app = bank({Account: signed_in})
    site = litestar_app(definition_of(app))
    handler = next(each for route in site.routes for each in handlers_of(route) if each.handler_name == "me")
    policy = definition_of(app).policy
    assert policy is not None
    middleware = Authentication(site, policy, ())
    async with app.running("memory:") as ctx:
        scope: Any = {"route_handler": handler, "state": {"ctx": ctx}, "path_params": {}, "type": "http"}
        await middleware.authenticate(scope)
        del handler.opt[ROUTE]
        with pytest.raises(Unauthenticated):
            await middleware.authenticate(scope)


def handlers_of(route: Any) -> list[Any]:
    return list(getattr(route, "route_handlers", ()))
