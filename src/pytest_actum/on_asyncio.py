"""The fixtures that open an application in the event loops of pytest-asyncio, one for each scope of these."""

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, Literal

import pytest_asyncio

if TYPE_CHECKING:
    from actum.testing import Running
    from pytest_actum import Opening

Scope = Literal["function", "class", "module", "package", "session"]


def _opening(scope: Scope) -> Any:
    @pytest_asyncio.fixture(loop_scope=scope, name=f"_actum_on_asyncio_{scope}")
    async def opened(_actum_opening: "Opening") -> "AsyncGenerator[Running]":
        async for running in _actum_opening():
            yield running

    return opened


on_function: Any = _opening("function")
on_class: Any = _opening("class")
on_module: Any = _opening("module")
on_package: Any = _opening("package")
on_session: Any = _opening("session")
