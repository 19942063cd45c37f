"""Who may use the console."""

from typing import Any

import pytest

from actum import App, Context
from actum.access import Access, Principal, has_role
from actum.app import definition_of
from actum.http.access.console import may_use_console
from actum.runtime.access.policy import Guard
from actum.runtime.context.context import session_of
from tests.access.callers import KEYS
from tests.http.bank import Account

OPERATOR = Principal("ann", frozenset({"operator"}), {}, "key")


async def scope(app: App, principal: Principal | None, host: str) -> dict[str, Any]:
    """The scope of a request, as the server has it when its route runs."""
    async with app.running("memory:") as running:
        context = Context(session_of(running).services)
    policy = definition_of(app).policy
    if policy is not None and principal is not None:
        session_of(context).protect(Guard(policy, principal))
    return {"state": {"ctx": context}, "client": (host, 4711)}


@pytest.mark.parametrize(
    ("host", "is_development", "is_open"),
    [
        ("127.0.0.1", True, True),
        ("::1", True, True),
        ("127.0.0.1", False, False),
        ("10.0.0.1", True, False),
        ("testclient", True, False),
    ],
)
async def test_without_rules_it_is_open_on_the_machine_itself_in_development(
    host: str, is_development: bool, is_open: bool
) -> None:
    asked = await scope(App("bank", entities=[Account]), None, host)

    assert may_use_console(asked, is_development=is_development) is is_open


@pytest.mark.parametrize(
    ("principal", "is_open"), [(OPERATOR, True), (Principal("bob"), False), (Principal(), False)]
)
async def test_with_rules_that_for_the_console_decides_wherever_the_request_comes_from(
    principal: Principal, is_open: bool
) -> None:
    ruled = App("bank", entities=[Account], access=Access(KEYS, rules={"/-/console": has_role("operator")}))
    unruled = App("bank", entities=[Account], access=Access(KEYS, rules={}))

    for host in ("127.0.0.1", "10.0.0.1"):
        assert may_use_console(await scope(ruled, principal, host), is_development=True) is is_open
        assert not may_use_console(await scope(unruled, principal, host), is_development=True)
