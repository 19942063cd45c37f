"""The pytest plugin: the fixture `actum`, and the async tests that ask for it or use the test kit.

Pytest loads it in every project where Actum is installed. So it is a package of its own, and loads Actum, and
an event loop, only for a test that asks for them.
"""

import inspect
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from importlib import import_module
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from actum import App
    from actum.testing import Running

    Opening = Callable[[], AsyncGenerator[Running]]

FIXTURE = "actum"
KIT = "actum.testing"
RUNNER = "_actum_runner"
OPENING = "_actum_opening"
MARKER = (
    "actum(app, **options): runs an async test without another plugin; the application (an App, or "
    "MODULE:APP) and the options of testing() for its fixture `actum`"
)
OTHERS = ("anyio", "asyncio", "trio")
"""The plugins that run async tests, each by the name of its marker."""


def pytest_configure(config: pytest.Config) -> None:
    """Declares the marker, and adds what needs pytest-asyncio where that is."""
    config.addinivalue_line("markers", MARKER)
    if getattr(config.pluginmanager.get_plugin("asyncio"), "__name__", "") == "pytest_asyncio.plugin":
        config.pluginmanager.register(import_module("pytest_actum.on_asyncio"), "actum on asyncio")


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Gives the tests that no other plugin runs an event loop."""
    for item in items:
        names: list[str] = getattr(item, "fixturenames", [])
        if RUNNER not in names and _is_ours(item):
            names.insert(0, RUNNER)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs a test in the event loop of its own."""
    if RUNNER not in pyfuncitem.funcargs:
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    runner: Any = pyfuncitem.funcargs[RUNNER]
    runner.run(pyfuncitem.obj(**arguments))
    return True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(fixturedef: Any, request: Any) -> Generator[None, object, object]:
    """Runs async fixtures of a test in the event loop of that."""
    function = fixturedef.func
    is_async = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
    if not (is_async and fixturedef.scope == "function" and _is_ours(request.node)):
        return (yield)
    runner = request.getfixturevalue(RUNNER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fixturedef, "func", _run_by(runner, _bound(function, request.instance)))
        return (yield)


@pytest.fixture(name=RUNNER)
def actum_runner() -> Generator[Any]:
    """The event loop of a test that no other plugin runs."""
    with import_module("asyncio").Runner() as runner:
        yield runner


@pytest.fixture(scope="session")
def actum_app(pytestconfig: pytest.Config) -> "App":
    """The application under test, as `[tool.actum] app` in pyproject.toml names it; to be overridden."""
    app: App = _kit().app_of_project(pytestconfig.rootpath)
    return app


@pytest.fixture
def actum_doubles() -> dict[type[Any], Any]:
    """What stands in for the resources of the application, by type: none; to be overridden."""
    return {}


@pytest.fixture(name=FIXTURE)
def actum_fixture(request: pytest.FixtureRequest) -> "Running":
    """The application, running in memory, with a clock that `await actum.advance(…)` moves."""
    if not inspect.iscoroutinefunction(request.function):
        pytest.fail(
            f"{request.function.__name__} asks for `actum`, which runs in an event loop: write "
            f"`async def {request.function.__name__}`",
            pytrace=False,
        )
    running: Running = request.getfixturevalue(_opener(request.node))
    return running


@pytest.fixture(name=OPENING)
def actum_opening(request: pytest.FixtureRequest, actum_doubles: dict[type[Any], Any]) -> "Opening":
    """What opens the application that a test has asked for, as the markers of that say."""
    named, options = None, {"doubles": actum_doubles}
    for marker in reversed(list(request.node.iter_markers(FIXTURE))):
        named = marker.args[0] if marker.args else named
        doubles = {**options["doubles"], **marker.kwargs.get("doubles", {})}
        options = {**options, **marker.kwargs, "doubles": doubles}
    kit = _kit()
    if isinstance(named, str):
        named = kit.app_named(named, request.config.rootpath)
    app = request.getfixturevalue("actum_app") if named is None else named
    return lambda: kit.running(app, options)


@pytest.fixture(name="_actum_alone")
def actum_alone(_actum_runner: Any, _actum_opening: "Opening") -> "Generator[Running]":
    """The application, in the event loop of a test that no other plugin runs."""
    opened = _actum_opening()
    yield _actum_runner.run(_first(opened))
    _actum_runner.run(_rest(opened))


@pytest.fixture(name="_actum_on_anyio")
async def actum_on_anyio(_actum_opening: "Opening", anyio_backend: Any) -> "AsyncGenerator[Running]":
    """The application, in the event loop of a test that anyio runs."""
    if "asyncio" not in (anyio_backend, anyio_backend[0]):
        pytest.fail(
            "`actum` runs on asyncio alone: have the fixture anyio_backend give 'asyncio', "
            f"in place of {anyio_backend!r}",
            pytrace=False,
        )
    async for running in _actum_opening():
        yield running


def _kit() -> Any:
    return import_module("actum.testing.for_pytest")


def _uses_kit(module: Any) -> bool:
    """Whether a module of tests has imported something of the test kit, or the kit itself."""
    if KIT not in sys.modules:
        return False
    names = [_origin(value) for name, value in vars(module).items() if not name.startswith("__")]
    return any(name == KIT or name.startswith(f"{KIT}.") for name in names)


def _origin(value: Any) -> str:
    """Gives the module that something is from, without running any code of what it is."""
    # Of the value itself, even its class could be asked by code of its own.
    cls = type(value)
    name: Any = ""
    if issubclass(cls, ModuleType):
        name = vars(value).get("__name__")
    elif cls is FunctionType:
        name = value.__module__
    elif issubclass(cls, type):
        name = type.__getattribute__(value, "__dict__").get("__module__")
    return name if isinstance(name, str) else ""


def _is_ours(item: Any) -> bool:
    """Whether a test is async, asks for us or uses the test kit, and no other plugin runs it."""
    return (
        isinstance(item, pytest.Function)
        and inspect.iscoroutinefunction(item.function)
        and _run_by_another(item) is None
        and (
            FIXTURE in item.fixturenames
            or item.get_closest_marker(FIXTURE) is not None
            or _uses_kit(item.module)
        )
    )


def _run_by_another(item: pytest.Function) -> str | None:
    if "anyio_backend" in item.fixturenames:
        return "anyio"
    plugins = item.config.pluginmanager
    return next((one for one in OTHERS if item.get_closest_marker(one) and plugins.hasplugin(one)), None)


def _opener(item: pytest.Function) -> str:
    """Gives the name of the fixture that opens the application in the event loop of a test."""
    plugin = _run_by_another(item)
    if plugin == "asyncio":
        marker = item.get_closest_marker("asyncio")
        scope = marker and marker.kwargs.get("loop_scope")
        return f"_actum_on_asyncio_{scope or item.config.getini('asyncio_default_test_loop_scope')}"
    return "_actum_alone" if plugin is None else f"_actum_on_{plugin}"


def _bound(function: Any, instance: object) -> Callable[..., Any]:
    """Gives a fixture's function, bound to the object of the test if it is a method of its class."""
    if inspect.ismethod(function) and type(function.__self__) is type(instance):
        bound: Callable[..., Any] = function.__func__.__get__(instance)
        return bound
    return function  # type: ignore[no-any-return]


def _run_by(runner: Any, function: Callable[..., Any]) -> Callable[..., Generator[object]]:
    """Gives the same fixture as a plain function, which an event loop runs."""

    def call(**given: object) -> Generator[object]:
        called = function(**given)
        if inspect.iscoroutine(called):
            yield runner.run(called)
            return
        yield runner.run(_first(called))
        runner.run(_rest(called))

    return call


async def _first(steps: Any) -> Any:
    return await anext(steps)


async def _rest(steps: Any) -> None:
    async for _ in steps:
        raise ValueError("an async fixture yields once")
