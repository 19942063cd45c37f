"""Collects what an application needs in its objects: its entities' modules, checked to load, and Actum."""

import ast
import sys
import sysconfig
from collections.abc import Collection, Iterable, Iterator
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import msgspec
from msgspec import Struct

from actum.errors import DefinitionError
from actum.model.entity import EntityType
from actum.stores.durable_objects.object.program import Declared, Manifest
from actum.stores.durable_objects.refusal import WHY_NO_CLAIMS, WHY_NO_STATES

MISSING = frozenset(
    {
        "curses",
        "dbm",
        "ensurepip",
        "grp",
        "idlelib",
        "msvcrt",
        "nt",
        "pwd",
        "pydoc_data",
        "readline",
        "resource",
        "syslog",
        "tkinter",
        "turtle",
        "turtledemo",
        "venv",
        "winreg",
        "winsound",
    }
)
"""Modules of the standard library that Python in WebAssembly does not have."""

BROUGHT = frozenset({"actum", "msgspec"})
LEFT_OUT = ("cli", "conformance", "console", "http", "operations", "testing")
"""Parts of Actum that an entity's module never needs."""


class Bundle(Struct, frozen=True):
    """An application as its objects load it: files by their paths below the import root."""

    manifest: Manifest
    files: dict[str, bytes]


def bundle(application: str, kinds: Collection[EntityType]) -> Bundle:
    """Collects what the objects of an application's entities need.

    Raises DefinitionError, with the fix, for an import that Python does not have there.
    """
    if not kinds:
        raise DefinitionError(
            f"{application} has no entities to run in Durable Objects: add one to App(entities=[…])"
        )
    for kind in kinds:
        if kind.claiming is not None:
            raise DefinitionError(f"{kind.name}.{kind.claiming} claims or releases values: {WHY_NO_CLAIMS}")
        if kind.keeps_state:
            raise DefinitionError(f"{kind.name} keeps its state alone: {WHY_NO_STATES}")
    declared = [Declared(kind.cls.__module__, kind.cls.__qualname__) for kind in kinds]
    for one in declared:
        if "<locals>" in one.qualname or one.module == "__main__":
            raise DefinitionError(
                f"{one.module}.{one.qualname}: a Durable Object imports an entity by its module's name: "
                "declare it at the top level of a module"
            )
    files = dict(_own_files())
    for spec in _closure(one.module for one in declared):
        files[_path_of(spec)] = Path(str(spec.origin)).read_bytes()
    manifest = Manifest(application, declared)
    files["manifest.json"] = msgspec.json.encode(manifest)
    return Bundle(manifest, files)


def _own_files() -> Iterator[tuple[str, bytes]]:
    root = Path(__file__).parents[2]
    for path in sorted(root.rglob("*.py")):
        if path.relative_to(root).parts[0] not in LEFT_OUT:
            yield path.relative_to(root.parent).as_posix(), path.read_bytes()


def _closure(modules: Iterable[str]) -> list[ModuleSpec]:
    """Returns the application's own modules that these import, with themselves and their packages."""
    found: dict[str, ModuleSpec] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        spec = find_spec(name)
        if spec is None:
            raise DefinitionError(f"there is no module {name!r} to bundle for the objects")
        package = name.rpartition(".")[0]
        if package:
            waiting.append(package)
        if spec.origin is None or not spec.has_location:
            continue  # A package without an __init__.
        found[name] = spec
        for imported, line in _imports(spec):
            if _is_there(imported):
                continue
            if not _is_own(imported):
                raise DefinitionError(
                    f"{spec.origin}, line {line} imports {imported!r}, which a Durable Object does not have. "
                    "Keep entities and events in modules that import only the standard library, msgspec "
                    f"and actum, and import {imported.partition('.')[0]!r} in the modules of the actions"
                )
            waiting.append(imported)
    return list(found.values())


def _imports(spec: ModuleSpec) -> Iterator[tuple[str, int]]:
    """Returns what a module imports when it is loaded, with the line numbers."""
    tree = ast.parse(Path(str(spec.origin)).read_bytes())
    for statement in _run_when_loaded(tree.body):
        match statement:
            case ast.Import():
                for alias in statement.names:
                    yield alias.name, statement.lineno
            case ast.ImportFrom():
                package = spec.name if spec.submodule_search_locations else spec.name.rpartition(".")[0]
                for _ in range(statement.level - 1):
                    package = package.rpartition(".")[0]
                parts = [package if statement.level else "", statement.module or ""]
                base = ".".join(part for part in parts if part)
                yield base, statement.lineno
                for alias in statement.names:
                    if not _is_there(base) and _is_own(base) and _is_module(f"{base}.{alias.name}"):
                        yield f"{base}.{alias.name}", statement.lineno
            case _:
                pass


def _run_when_loaded(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        match statement:
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                yield from _run_when_loaded(statement.orelse)
            case ast.If() | ast.For() | ast.While():
                yield from _run_when_loaded([*statement.body, *statement.orelse])
            case ast.With() | ast.ClassDef():
                yield from _run_when_loaded(statement.body)
            case ast.Try():
                # An import inside `try` may fail there as it may here.
                yield from _run_when_loaded([*statement.orelse, *statement.finalbody])
            case _:
                pass


def _is_there(module: str) -> bool:
    top = module.partition(".")[0]
    return top in BROUGHT or (top in sys.stdlib_module_names and top not in MISSING)


def _is_own(module: str) -> bool:
    """Says whether a module is the application's, and not installed."""
    if not _is_module(module):
        return False
    spec = find_spec(module)
    places = (
        [spec.origin]
        if spec and spec.has_location
        else list(spec.submodule_search_locations or ())
        if spec
        else []
    )
    installed = [Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platlib", "purelib")]
    return bool(places) and not any(
        Path(str(place)).resolve().is_relative_to(root) for place in places for root in installed
    )


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _path_of(spec: ModuleSpec) -> str:
    path = spec.name.replace(".", "/")
    return f"{path}/__init__.py" if spec.submodule_search_locations else f"{path}.py"
