"""Whom the rule for the console lets in."""

from typing import Any

import pytest

from actum import App, Context
from actum.access import Access, Principal, anyone, has_role
from actum.app import definition_of
from actum.http.access.console import operator_by_rule
from actum.runtime.access.policy import Guard
from actum.runtime.context.context import session_of
from tests.access.callers import KEYS
from tests.http.bank import Account

OPERATOR = Principal("ann", frozenset({"operator"}), {}, "key")


async def scope(app: App, principal: Principal | None) -> Any:
    """The scope of a request, as the server has it when its route runs."""
    async with app.running("memory:") as running:
        context = Context(session_of(running).services)
    policy = definition_of(app).policy
    if policy is not None and principal is not None:
        session_of(context).protect(Guard(policy, principal))
    return {"state": {"ctx": context}}


def ruled(**rules: Any) -> App:
    return App(
        "bank",
        entities=[Account],
        access=Access(KEYS, rules={f"/-/{at}": rule for at, rule in rules.items()}),
    )


@pytest.mark.parametrize(
    ("principal", "operator"),
    [(OPERATOR, "ann"), (Principal("bob"), None), (Principal(), None), (None, None)],
)
async def test_who_the_rule_allows_is_the_operator(principal: Principal | None, operator: str | None) -> None:
    asked = await scope(ruled(console=has_role("operator")), principal)

    assert operator_by_rule(asked) == operator


async def test_without_a_rule_nobody_is() -> None:
    assert operator_by_rule(await scope(ruled(), OPERATOR)) is None
    assert operator_by_rule(await scope(ruled(ready=anyone), OPERATOR)) is None


async def test_who_has_not_said_who_they_are_is_recorded_as_anybody() -> None:
    assert operator_by_rule(await scope(ruled(console=anyone), Principal())) == "anybody"
