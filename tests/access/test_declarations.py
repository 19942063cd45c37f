"""Declarations of access that cannot work are refused when the application is built."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from litestar.config.compression import CompressionConfig
from litestar.config.cors import CORSConfig

from actum import Actions, App, Context, DefinitionError
from actum.access import (
    Access,
    ApiKey,
    ApiKeys,
    Environment,
    Jwt,
    Principal,
    Sessions,
    any_of,
    anyone,
    has_role,
    hash_key,
    signed_in,
    through,
)
from tests.access.callers import ABSENT, KEYS
from tests.http.bank import Account, Balances, teller, total
from tests.http.serving import serving

LONG = "a" * 64
TOKENS: dict[str, Any] = {"issuer": "i", "audience": "a"}

web = Actions()


@web.get("/cached", cache=60)
async def cached(ctx: Context) -> str:
    return ctx.by


async def no_route(ctx: Context) -> None: ...


def of_three(principal: Principal, id: str, more: str) -> bool:
    return True


async def paused(principal: Principal) -> bool:
    return True


def of_id(principal: Principal, id: str) -> bool:
    return True


def bank(access: Any, *groups: Actions, **options: Any) -> App:
    return App(
        "bank", entities=[Account], views=[Balances], actions=[teller, *groups], access=access, **options
    )


WRONG: dict[str, Callable[[], object]] = {
    "has no option algorithm=: did you mean algorithms=?": lambda: Jwt(
        **TOKENS, algorithm="HS256", secret=LONG
    ),
    "give one of secret=, public_key= and jwks=": lambda: Jwt(**TOKENS, algorithms=["HS256"]),
    "with secret= list some of HS256, HS384, HS512": lambda: Jwt(**TOKENS, algorithms=["RS256"], secret=LONG),
    "with public_key= and jwks= list some of ES256": lambda: Jwt(
        **TOKENS, algorithms=["HS256"], public_key="k"
    ),
    "'none'": lambda: Jwt(**TOKENS, algorithms=["none"], secret=LONG),
    "list some of EdDSA|list some of ES256": lambda: Jwt(
        **TOKENS, algorithms=["RS256", "HS256"], public_key="k"
    ),
    "the secret needs 32 bytes": lambda: Jwt(**TOKENS, algorithms=["HS256"], secret="short"),
    "the secret needs 64 bytes": lambda: Jwt(**TOKENS, algorithms=["HS256", "HS512"], secret="a" * 40),
    "are compared with the token": lambda: Jwt(issuer="", audience="a", algorithms=["HS256"], secret=LONG),
    "jwks='http://id.example.org/keys': write an https:// address": lambda: Jwt(
        **TOKENS, algorithms=["RS256"], jwks="http://id.example.org/keys"
    ),
    "a span of ten minutes or less": lambda: Jwt(
        **TOKENS, algorithms=["HS256"], secret=LONG, leeway=timedelta(hours=1)
    ),
    "ApiKey takes a hash": lambda: ApiKey("the key itself, in the code"),
    "no list of names": lambda: ApiKey(hash_key(LONG), roles="clerk"),
    "write ApiKeys\\({": lambda: ApiKeys({}),
    "'shop': 'sha256": lambda: ApiKeys({"shop": "sha256:00"}),  # type: ignore[dict-item]
    "name a header of its own": lambda: ApiKeys({"a": ApiKey(hash_key(LONG))}, header="Authorization"),
    "20 printable characters": lambda: hash_key("short"),
    "the secret needs 32 bytes: make one": lambda: Sessions("short"),
    "max_age": lambda: Sessions(LONG, max_age=timedelta(seconds=1)),
    'write "lax" or "strict"': lambda: Sessions(LONG, same_site="none"),  # type: ignore[arg-type]
    "has no option secure=": lambda: Sessions(LONG, secure=True),  # type: ignore[call-arg]
    "Access takes one or more": lambda: Access(rules={}),
    "each of them once": lambda: Access(KEYS, KEYS, rules={}),
    "which say who asks": lambda: Access("keys", rules={}),  # type: ignore[arg-type]
    "is no dict of rules": lambda: Access(KEYS, rules=[anyone]),  # type: ignore[arg-type]
    "has no option rule=": lambda: Access(KEYS, rule={}),  # type: ignore[call-arg]
    "names of roles": has_role,
    "takes the functions of routes": through,
    "any_of\\(\\) takes rules": any_of,
    "is no Access": lambda: bank({"rules": {}}),
    "the rule for no_route is for nothing": lambda: bank(Access(KEYS, rules={no_route: anyone})),
    "the paths that take rules are /-/ready": lambda: bank(Access(KEYS, rules={"/accounts": anyone})),
    "takes 3 parameters": lambda: bank(Access(KEYS, rules={Account: of_three})),  # type: ignore[dict-item]
    "make it a plain def": lambda: bank(Access(KEYS, rules={Account: paused})),  # type: ignore[dict-item]
    "is no rule": lambda: bank(Access(KEYS, rules={Account: True})),  # type: ignore[dict-item]
    "a view has none": lambda: bank(Access(KEYS, rules={Balances.total: of_id})),
    "a path has none": lambda: bank(Access(KEYS, rules={"/schema": of_id})),
    "its path has no {id:str}": lambda: bank(Access(KEYS, rules={total: of_id})),
    "not for routes": lambda: bank(Access(KEYS, rules={total: through(total)})),
    "is no route of the application": lambda: bank(Access(KEYS, rules={Account: through(no_route)})),
    "one caller the answer to another": lambda: bank(Access(KEYS, rules={cached: signed_in}), web),
    "takes no on_startup: Actum opens and closes": lambda: bank(None, litestar={"on_startup": []}),
    "takes no debug": lambda: bank(None, litestar={"debug": True}),
    "takes no guards: give it to a group": lambda: bank(None, litestar={"guards": []}),
    "takes no plugins": lambda: bank(None, litestar={"plugins": []}),
    "did you mean cors_config": lambda: bank(None, litestar={"cors_confg": None}),
    "is no dict": lambda: bank(None, litestar=[CompressionConfig("gzip")]),
    "every site use the credentials": lambda: bank(
        None, litestar={"cors_config": CORSConfig(allow_credentials=True)}
    ),
    "no csrf_config beside Sessions": lambda: bank(
        Access(Sessions(LONG), rules={}), litestar={"csrf_config": None}
    ),
}


@pytest.mark.parametrize("said", WRONG)
def test_a_wrong_declaration_is_refused(said: str) -> None:
    """The message says what is wrong, or how to fix it."""
    with pytest.raises(DefinitionError, match=said):
        WRONG[said]()


@pytest.mark.parametrize(
    "method",
    [
        ApiKeys({"shop": ApiKey(ABSENT)}),
        Jwt(**TOKENS, algorithms=["HS256"], secret=ABSENT),
        Sessions(ABSENT),
    ],
)
def test_a_secret_that_is_missing_is_told_of_when_the_application_is_served(method: Any) -> None:
    """Until then it may be loaded without, as by the commands of operators."""
    app = bank(Access(method, rules={}))

    with pytest.raises(DefinitionError, match=f"read from {ABSENT.name}, which the environment has not"):
        app.asgi("memory:")


@pytest.mark.parametrize(
    ("method", "value"),
    [
        (ApiKeys({"shop": ApiKey(ABSENT)}), "short"),
        (Jwt(**TOKENS, algorithms=["HS256"], secret=ABSENT), "short"),
        (Jwt(**TOKENS, algorithms=["RS256"], public_key=ABSENT), "not PEM"),
        (Sessions(ABSENT), "short"),
    ],
)
def test_a_secret_of_the_environment_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, method: Any, value: str
) -> None:
    monkeypatch.setenv(ABSENT.name, value)

    with pytest.raises(DefinitionError):
        bank(Access(method, rules={})).asgi("memory:")


def test_two_names_for_one_key_are_refused() -> None:
    both = ApiKeys({"a": ApiKey(hash_key(LONG)), "b": ApiKey(hash_key(LONG))})

    with pytest.raises(DefinitionError, match="the same"):
        bank(Access(both, rules={})).asgi("memory:")


async def test_options_are_passed_on_to_litestar() -> None:
    """Other sites may ask, and long answers are compressed."""
    options = {
        "cors_config": CORSConfig(allow_origins=["https://shop.example.org"]),
        "compression_config": CompressionConfig("gzip", minimum_size=1),
    }
    async with serving(bank(None, litestar=options)) as http:
        asked = await http.options(
            "/total", headers={"Origin": "https://shop.example.org", "Access-Control-Request-Method": "GET"}
        )
        answer = await http.get("/schema/openapi.json", headers={"Origin": "https://shop.example.org"})

    assert asked.headers["Access-Control-Allow-Origin"] == "https://shop.example.org"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example.org"


async def test_a_kept_answer_is_not_compressed_for_a_client_that_cannot_read_it() -> None:
    options = {"compression_config": CompressionConfig("gzip", minimum_size=1)}
    async with serving(bank(None, litestar=options)) as http:
        await http.post("/accounts/a?owner=ann")
        key = {"Idempotency-Key": "k"}
        await http.post("/accounts/a/deposits", json={"amount": 5}, headers=key | {"Accept-Encoding": "gzip"})
        again = await http.post(
            "/accounts/a/deposits", json={"amount": 5}, headers=key | {"Accept-Encoding": "identity"}
        )

    assert "Content-Encoding" not in again.headers
    assert again.json() == 5


def test_the_environment_may_hold_the_hash_of_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANK_KEY", hash_key(LONG))

    assert bank(Access(ApiKeys({"a": ApiKey(Environment("BANK_KEY"))}), rules={})).asgi("memory:")
