"""What the pytest plugin does once a test asks for it: it finds the application, and runs it."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import pytest

from actum.app import App
from actum.errors import DefinitionError
from actum.project import application_of
from actum.testing.application import Running, testing

T = TypeVar("T")

HOW = (
    "Name the application that `actum` is to run, in one of these ways:\n"
    '    [tool.actum]\n    app = "shop:app"                          # in pyproject.toml\n\n'
    '    pytestmark = pytest.mark.actum("shop:app")  # in a module of tests\n\n'
    "    @pytest.fixture                             # in a module of tests, or in conftest.py\n"
    "    def actum_app() -> App:\n        return app"
)


def app_of_project(root: Path) -> App:
    """Gives the application that pyproject.toml names in `[tool.actum]`; fails the test if there is none."""
    try:
        named = application_of(root)
    except DefinitionError as error:
        _fail(f"{root}: {error}")
    if named is None:
        _fail(HOW)
    return app_named(named, root)


def app_named(named: str, root: Path) -> App:
    """Gives the application MODULE:APP, from what is installed or from the project's folder."""
    name, _, attribute = named.partition(":")
    parts = [*name.split("."), attribute or "app"]
    if name.endswith(".py") or not all(part.isidentifier() for part in parts):
        _fail(f"{named!r} names no application: write MODULE:APP, as in shop:app for shop.py")
    if str(root) not in sys.path:
        # Last: what is installed, and what pytest has put there, comes first.
        sys.path.append(str(root))
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        _fail(f"{named!r}: there is no module {error.name!r} in {root}, and none is installed")
    found = getattr(module, attribute or "app", None)
    if not isinstance(found, App):
        _fail(f"{named!r} is {found!r}, and not an App")
    return found


async def running(app: Any, options: Mapping[str, Any]) -> AsyncGenerator[Running]:
    """Runs an application until the next one is asked for."""
    if not isinstance(app, App):
        _fail(f"{app!r} is not an App.\n{HOW}")
    async for opened in in_one_task(testing(app, **options)):
        yield opened


async def in_one_task(manager: AbstractAsyncContextManager[T]) -> AsyncGenerator[T]:
    """Gives what a context manager gives, and leaves it when the next is asked for.

    It is entered and left in one task, as what a resource opens may ask for: a fixture is begun and ended in
    two.
    """
    opened: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    closing = asyncio.Event()

    async def hold() -> None:
        async with manager as value:
            opened.set_result(value)
            await closing.wait()

    task = asyncio.create_task(hold())
    either: set[asyncio.Future[Any]] = {task, opened}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if not opened.done():
        opened.cancel()
        await task
    try:
        yield opened.result()
    finally:
        closing.set()
        await task


def _fail(why: str) -> NoReturn:
    pytest.fail(why, pytrace=False)
