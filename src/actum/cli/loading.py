"""Finds the application that a command line names."""

import sys
from importlib import import_module
from importlib.util import find_spec
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from actum.cli.failure import CommandFailed, explain, place_of
from actum.errors import DefinitionError

if TYPE_CHECKING:
    from actum.app import App


class Misnamed(CommandFailed):
    """The command line names no application, and its module has others: no change of a file is asked for."""


def load_app(named: str) -> "App":
    """Imports MODULE:APP, from the current directory or from what is installed; MODULE means MODULE:app."""
    from actum.app import App

    name, _, attribute = named.partition(":")
    attribute = attribute or "app"
    _search_here()
    module = _import(name)
    try:
        found = attrgetter(attribute)(module)
    except AttributeError:
        raise _misnamed(f"{name} has no {attribute!r}", module) from None
    if not isinstance(found, App):
        raise _misnamed(f"{named} is {_what(found)}, not an App", module)
    return found


def check_module(named: str) -> None:
    """Raises CommandFailed if the module of MODULE:APP is nowhere; it is not imported, and may be broken."""
    name = named.partition(":")[0]
    _check_name(name)
    _search_here()
    first = name.partition(".")[0]
    if first not in sys.modules and find_spec(first) is None:
        raise CommandFailed(_missing(first))


def _search_here() -> None:
    directory = str(Path.cwd())
    if directory not in sys.path:
        sys.path.insert(0, directory)


def _check_name(name: str) -> None:
    if name.endswith(".py") or not all(part.isidentifier() for part in name.split(".")):
        raise CommandFailed(f"{name!r} is not a module's name: write MODULE:APP, as in bank:app for bank.py")


def _missing(name: str) -> str:
    return (
        f"there is no module {name!r} in {Path.cwd()}, and none is installed: "
        "run actum in the module's folder, or correct the name"
    )


def _what(found: object) -> str:
    if isinstance(found, type):
        return f"the class {found.__name__}"
    return "None" if found is None else f"of the class {type(found).__name__}"


def _import(name: str) -> ModuleType:
    _check_name(name)
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise CommandFailed(_missing(error.name)) from error
        raise _broken(name, error) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _broken(name, error) from error


def _broken(name: str, error: BaseException) -> CommandFailed:
    if isinstance(error, DefinitionError):
        return CommandFailed(f"{place_of(error) or name}: {error}")
    return CommandFailed(f"{name} cannot be imported: {explain(error)}")


def _misnamed(what: str, module: ModuleType) -> CommandFailed:
    from actum.app import App

    apps = sorted(name for name, value in vars(module).items() if isinstance(value, App))
    if not apps:
        return CommandFailed(f"{what}; it has no App")
    return Misnamed(f"{what}; it has {', '.join(f'{module.__name__}:{name}' for name in apps)}")
