"""The tree of errors: all of them are drawn in it, and each that reaches a client has a status code."""

import importlib
import pkgutil
import re

import actum
from actum import errors
from actum.errors import ActumError, CallerError, TryLater
from actum.http.problems import KINDS

NODE = re.compile(r"^([│ ├└─]*)([A-Z]\w+)(?:  |$)", re.MULTILINE)
OF_ONE_PACKAGE = {
    "CommandFailed",
    "DamagedExport",
    "LockError",
    "Misuse",
    "OwnWay",
    "SegmentLost",
    "StoreLost",
}
INDENT = 4
NEEDS_WORKERD = "actum.stores.durable_objects.worker"


def subclasses(cls: type[ActumError]) -> set[type[ActumError]]:
    found = {cls}
    for one in cls.__subclasses__():
        found |= subclasses(one)
    return found


def drawn() -> dict[str, str]:
    """Gives the parent of each error in the drawing."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for branch, name in NODE.findall(errors.__doc__ or ""):
        depth = len(branch) // INDENT
        path[depth:] = [name]
        if depth:
            parents[name] = path[depth - 1]
    return parents


def test_the_drawing_shows_every_error_below_its_parent() -> None:
    """What is drawn is what there is, and under the first of an error's base classes."""
    expected = {
        cls.__name__: cls.__bases__[0].__name__
        for cls in subclasses(ActumError)
        if cls.__module__ == errors.__name__ and cls is not ActumError
    }

    assert drawn() == expected


def test_no_error_is_declared_outside_the_tree() -> None:
    """Other modules raise what the tree has; the few errors of one package are named below the drawing."""
    for module in pkgutil.walk_packages(actum.__path__, "actum."):
        if not module.name.startswith((NEEDS_WORKERD, "actum.__main__")):
            importlib.import_module(module.name)
    own = {cls for cls in subclasses(ActumError) if not cls.__name__.startswith("_")}
    allowed = {one for cls in own if cls.__name__ in OF_ONE_PACKAGE for one in subclasses(cls)}

    assert {cls.__name__ for cls in own - allowed if cls.__module__.startswith("actum.")} == {
        "ActumError",
        *drawn(),
    }
    assert all(f".{name}`" in (errors.__doc__ or "") for name in OF_ONE_PACKAGE)


def test_every_error_that_a_caller_can_act_on_has_a_status_code() -> None:
    """Over HTTP none of them is the 500 of a failure that nobody foresaw."""
    answered = subclasses(CallerError) | subclasses(TryLater)

    unknown = {cls for cls in answered - {CallerError, TryLater} if not set(cls.__mro__) & KINDS.keys()}

    assert unknown == set()
