"""Actions beside an application that it does not have, which is warned of when it is served."""

import sys
from types import ModuleType

import pytest

from actum import Actions, App
from actum.cli.server.announcement import announce_server
from actum.cli.server.forgotten_actions import forgotten_actions
from actum.cli.server.serving import listen


def group() -> Actions:
    made = Actions()

    @made.get("/one")
    async def one() -> int:
        return 1

    @made.get("/two")
    async def two() -> int:
        return 2

    return made


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("shop_without_actions")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def test_actions_that_no_application_of_the_module_has_are_named(
    shop: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    app, listed, of_another = App("shop"), group(), group()
    vars(shop).update(
        app=App("shop", actions=[listed]),
        desk=App("desk", actions=[of_another]),
        listed=listed,
        of_another=of_another,
        empty=Actions(),
        lost=group(),
    )
    with listen("127.0.0.1", 0) as listener:
        announce_server(shop.app, listener, "memory:", is_development=False)

    assert capsys.readouterr().err == (
        "warning: shop_without_actions has lost, Actions with 2 actions, which the App does not have: "
        "write App(actions=[lost])\n"
    )
    assert list(forgotten_actions(app)) == []
