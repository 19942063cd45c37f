"""The guide's own code."""

import inspect
import re
import sys
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from actum import App, Entity, command, reducer

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guide.md").read_text()
CODE = "\n".join(re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL))


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Generator[Any]:
    """The guide's Python, as one module."""
    folder = tmp_path_factory.mktemp("guide")
    (folder / "guide_shop.py").write_text(CODE)
    sys.path.insert(0, str(folder))
    try:
        yield __import__("guide_shop")
    finally:
        sys.path.remove(str(folder))
        del sys.modules["guide_shop"]


@pytest.mark.parametrize("name", re.findall(r"^(?:async )?def (test_\w+)", CODE, re.MULTILINE))
async def test_the_tests_of_the_guide_pass(guide: Any, name: str) -> None:
    """Each test that the guide shows is a test that passes."""
    done = getattr(guide, name)()
    if inspect.isawaitable(done):
        await done


async def test_the_class_that_the_guide_renames_reads_what_was_stored(guide: Any, tmp_path: Path) -> None:
    """An event of the old name and shape is read as the new class says."""
    store = f"sqlite:///{tmp_path / 'shop.db'}"
    renamed: Any = guide.Delivered

    class Renamed(Entity, name="Item"):
        suppliers: list[str] = []  # noqa: RUF012 (msgspec copies it for every instance)

        @command
        def look(self) -> list[str]:
            return self.suppliers

        @reducer
        def delivered(self, event: renamed) -> None:
            self.suppliers = [*self.suppliers, f"{event.quantity} of {event.supplier}"]

    async with App("shop", entities=[guide.Item]).running(store=store) as ctx:
        await ctx.entity(guide.Item, "apple").receive(3)
    async with App("shop", entities=[Renamed]).running(store=store) as ctx:
        assert await ctx.entity(Renamed, "apple").look() == ["3 of unknown"]


@pytest.fixture
async def mounted(
    guide: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the ASGI application in which the guide mounts its own."""
    monkeypatch.setenv("ACTUM_STORE", f"sqlite:///{tmp_path / 'shop.db'}")
    transport = httpx.ASGITransport(guide.outer)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        yield client


async def test_the_application_answers_where_the_guide_mounts_it(mounted: httpx.AsyncClient) -> None:
    """Its routes are below the mount, and its documentation says so."""
    nobody = await mounted.get("/store/shop/orders/o-9")
    schema = (await mounted.get("/store/schema/openapi.json")).json()
    elsewhere = await mounted.get("/shop/orders/o-9")

    assert (nobody.status_code, nobody.json()["detail"]) == (404, "there is no order o-9")
    assert schema["servers"] == [{"url": "/store"}]
    assert (elsewhere.status_code, elsewhere.content) == (404, b"")
