"""The pytest plugin: tests without settings, beside other plugins, and at no cost for others."""

import pytest

pytest_plugins = ["pytester"]

SHOP = """
from contextlib import asynccontextmanager
from collections.abc import AsyncGenerator

from actum import Actions, App, Context, Entity, Event, command, reducer


class Rung(Event):
    pass


class Bell(Entity):
    rings: int = 0

    @command
    def ring(self) -> int:
        self.emit(Rung())
        return self.rings

    @reducer
    def rung(self, event: Rung) -> None:
        self.rings += 1


class Mailer:
    def __init__(self) -> None:
        self.sent: list[str] = []


@asynccontextmanager
async def open_mailer() -> AsyncGenerator[Mailer]:
    raise OSError("the real mailer")
    yield Mailer()


actions = Actions()


@actions.on(Rung)
async def mail(ctx: Context, mailer: Mailer) -> None:
    mailer.sent.append(ctx.event.id)


app = App("tower", entities=[Bell], actions=[actions], resources=[open_mailer])
silent = App("silent", entities=[Bell])
no_app = "text"
"""

PROJECT = """
[tool.actum]
app = "tower:silent"
"""

STRICT = ("-W", "error", "-W", "ignore::pytest.PytestDeprecationWarning")  # One is of pytest-asyncio itself.
NO_OTHERS = ("-p", "no:asyncio", "-p", "no:anyio")


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with an application, which its pyproject.toml names, and no settings of pytest."""
    pytester.makepyfile(tower=SHOP)
    pytester.makepyprojecttoml(PROJECT)
    return pytester


def outcome(project: pytest.Pytester, source: str, *options: str, **counts: int) -> pytest.RunResult:
    """Runs some tests, and checks how many passed and failed."""
    project.makepyfile(test_it=source)
    result = project.runpytest_subprocess(*STRICT, *options)
    result.assert_outcomes(**counts)
    return result


RINGS = """
import asyncio
import pytest
from tower import Bell


@pytest.fixture
async def loop():
    return asyncio.get_running_loop()


@pytest.fixture
async def rung(actum, loop):
    assert asyncio.get_running_loop() is loop
    assert await actum.ctx.entity(Bell, "a").ring() == 1
    yield "a"
    assert (await actum.ctx.state(Bell, "a")).rings == 2


{mark}
async def test_it_rings(actum, rung, loop):
    assert asyncio.get_running_loop() is loop
    assert await actum.ctx.entity(Bell, rung).ring() == 2
    await actum.settle()


class TestTower:
    @pytest.fixture
    async def prefix(self):
        return self.letter()

    def letter(self):
        return "b"

    @pytest.mark.parametrize("number", [1, 2])
    {mark}
    async def test_each_test_has_its_own_application(self, actum, prefix, number):
        assert await actum.ctx.entity(Bell, prefix).ring() == 1
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "mark"),
    [
        (NO_OTHERS, ""),
        (("-p", "no:asyncio"), ""),
        ((), ""),
        (("-o", "asyncio_mode=auto"), ""),
        (
            ("-o", "asyncio_mode=auto", "-o", "asyncio_default_test_loop_scope=function"),
            "@pytest.mark.asyncio",
        ),
    ],
    ids=[
        "alone",
        "beside anyio",
        "beside pytest-asyncio",
        "run by pytest-asyncio",
        "marked for pytest-asyncio",
    ],
)
def test_a_test_gets_the_running_application(
    project: pytest.Pytester, options: tuple[str, ...], mark: str
) -> None:
    """It and its async fixtures run in one event loop, whichever plugins are there, without settings."""
    outcome(project, RINGS.replace("{mark}", mark), *options, passed=3)


@pytest.mark.slow
def test_anyio_runs_the_tests_that_are_its_own(project: pytest.Pytester) -> None:
    """The application runs in the loop of anyio, whose fixtures are in it too."""
    source = RINGS.replace("{mark}", "@pytest.mark.anyio") + (
        "\n\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n"
    )

    outcome(project, source, passed=3)


@pytest.mark.slow
def test_a_loop_of_a_module_has_the_applications_of_its_tests(project: pytest.Pytester) -> None:
    """pytest-asyncio gives a module one loop, and each test its own application in it."""
    source = """
import asyncio
import pytest
from tower import Bell

pytestmark = pytest.mark.asyncio(loop_scope="module")
loops = []


@pytest.mark.parametrize("number", [1, 2])
async def test_it_rings(actum, number):
    loops.append(asyncio.get_running_loop())
    assert await actum.ctx.entity(Bell, "a").ring() == 1
    assert len(set(loops)) == 1
"""
    outcome(project, source, passed=2)


@pytest.mark.slow
def test_the_application_is_found_by_a_fixture_or_a_marker_too(project: pytest.Pytester) -> None:
    """A fixture, a marker with an App, one with its name, and doubles by either way."""
    source = """
import pytest
import tower
from tower import Bell, Mailer


@pytest.fixture
def actum_app():
    return tower.app


@pytest.fixture
def mailer():
    return Mailer()


@pytest.fixture
def actum_doubles(mailer):
    return {Mailer: mailer}


async def test_of_the_fixture(actum, mailer):
    await actum.ctx.entity(Bell, "a").ring()
    await actum.settle()
    assert mailer.sent == ["a"]


own = Mailer()


@pytest.mark.actum(doubles={Mailer: own})
async def test_of_doubles_of_the_marker(actum, mailer):
    await actum.ctx.entity(Bell, "b").ring()
    await actum.settle()
    assert (mailer.sent, own.sent) == ([], ["b"])


@pytest.fixture
def no_doubles():
    return {}


class TestSilent:
    pytestmark = pytest.mark.actum(tower.silent)

    @pytest.fixture
    def actum_doubles(self):
        return {}

    async def test_of_the_marker(self, actum):
        assert actum.app is tower.silent

    @pytest.mark.actum("tower:app", doubles={Mailer: own})
    async def test_of_the_nearest_marker(self, actum):
        assert actum.app is tower.app

    async def test_without_the_fixture(self):
        pass
"""
    outcome(project, source, *NO_OTHERS, passed=5)


@pytest.mark.slow
def test_what_is_opened_is_closed_in_the_same_task(project: pytest.Pytester) -> None:
    """A resource may hold a task group, which has to be left in the task that entered it."""
    source = """
import asyncio
from contextlib import asynccontextmanager
from collections.abc import AsyncGenerator

import pytest
from actum import App
from tower import Bell


class Group:
    pass


closed = []


@asynccontextmanager
async def open_group() -> AsyncGenerator[Group]:
    task = asyncio.current_task()
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(0))
        yield Group()
    assert asyncio.current_task() is task
    closed.append(True)


@pytest.fixture
def actum_app():
    return App("grouped", entities=[Bell], resources=[open_group])


async def test_it_rings(actum):
    assert await actum.ctx.entity(Bell, "a").ring() == 1


def test_it_was_closed():
    assert closed == [True]
"""
    outcome(project, source, *NO_OTHERS, passed=2)


@pytest.mark.slow
def test_mistakes_are_explained(project: pytest.Pytester) -> None:
    """What is missing or wrong fails the test with what to write, and without a traceback of ours."""
    source = """
import pytest


def test_plain(actum):
    pass


@pytest.mark.actum("nothing:app")
async def test_no_module(actum):
    pass


@pytest.mark.actum("tower:no_app")
async def test_no_app(actum):
    pass


@pytest.mark.actum("tower.py")
async def test_no_name(actum):
    pass


@pytest.mark.actum(7)
async def test_a_number(actum):
    pass


async def test_nothing_named(actum):
    pass
"""
    project.makepyprojecttoml("")
    project.makepyfile(test_it=source)
    result = project.runpytest_subprocess(*NO_OTHERS)
    text = result.stdout.str()

    result.assert_outcomes(errors=6)
    assert "write `async def test_plain`" in text
    assert "'nothing:app': there is no module 'nothing' in" in text
    assert "'tower:no_app' is 'text', and not an App" in text
    assert "'tower.py' names no application" in text
    assert "7 is not an App" in text
    assert 'app = "shop:app"' in text
    assert "for_pytest.py" not in text


@pytest.mark.slow
def test_a_project_that_does_not_use_it_pays_nothing(project: pytest.Pytester) -> None:
    """Nothing of Actum is loaded, and an async test that nobody runs still fails."""
    source = """
import sys


def test_nothing_is_loaded():
    heavy = ("actum", "litestar", "msgspec", "sqlglot")
    assert not [name for name in sys.modules if name.split(".")[0] in heavy]


async def test_that_nobody_runs():
    pass
"""
    outcome(project, source, *NO_OTHERS, passed=1, failed=1)


@pytest.mark.slow
def test_async_tests_of_a_module_that_uses_the_test_kit_run(project: pytest.Pytester) -> None:
    """Tests that open an application themselves need no marker, with whatever of the kit is imported."""
    source = """
from actum.testing import testing
from tower import Bell, silent


async def test_it_rings():
    async with testing(silent) as t:
        assert await t.ctx.entity(Bell, "a").ring() == 1
"""
    outcome(project, source, *NO_OTHERS, passed=1)
    outcome(project, source, passed=1)
    whole = source.replace("from actum.testing import testing", "from actum import testing as kit")
    outcome(project, whole.replace("testing(silent)", "kit.testing(silent)"), *NO_OTHERS, passed=1)


HOSTILE = """
from actum.testing import testing

class Nameless(type):
    @property
    def __name__(self):
        raise ValueError("no name")

    @property
    def __module__(self):
        raise ValueError("no module")

class Sly:
    def __getattribute__(self, name):
        raise ValueError(name)

Hostile = Nameless("Hostile", (), {})
sly = Sly()

async def test_it_runs():
    assert testing
"""


def test_no_code_of_what_a_module_holds_is_run_to_see_where_it_is_from(project: pytest.Pytester) -> None:
    outcome(project, HOSTILE, *NO_OTHERS, passed=1)
