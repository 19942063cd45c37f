"""What every command has: the options that all take, and the conversion of values only where one is given."""

import os
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import typer
from typer.main import get_command

from actum.cli.failure import TRACEBACK


def _show_tracebacks(is_wanted: bool) -> bool:
    if is_wanted:
        os.environ[TRACEBACK] = "1"
    return is_wanted


Debug = Annotated[
    bool,
    typer.Option(
        "--debug",
        "--traceback",
        callback=_show_tracebacks,
        expose_value=False,
        is_eager=True,
        help="Show the traceback of an error, as ACTUM_TRACEBACK=1 does.",
    ),
]

declaring: typer.Typer = typer.Typer(add_completion=False, rich_markup_mode=None)


@declaring.command(add_help_option=False)
def _declared(_debug: Debug = False) -> None: ...


class Conversion:
    """Converts the value of a parameter as Typer does, which imports pydantic: only where that is needed.

    A value that is absent, a text that stays one, and a line that is only to be completed need none.
    """

    def __init__(self, found: Callable[[], Any]) -> None:
        self._found = found

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Gives what the command gets for the value of a parameter."""
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        if ctx.resilient_parsing or (param.type_descriptor.annotation is str and isinstance(value, str)):
            return value
        return self._found().coerce(value, param=param, ctx=ctx)


def converted(parameters: list[Any]) -> list[Any]:
    """Has parameters convert their values only where that is needed."""
    for parameter in parameters:
        found = getattr(parameter, "get_runtime_param", None)
        if found is not None and "get_runtime_param" not in vars(parameter):
            parameter.get_runtime_param = partial(Conversion, found)
    return parameters


def complete(command: Any) -> None:
    """Gives a command, or each command of a group, what every one has, and a summary that is not cut off."""
    command.short_help = (command.help or "").partition("\n\n")[0]
    parameters = command.get_params
    command.get_params = lambda ctx: converted(parameters(ctx))
    for subcommand in getattr(command, "commands", {}).values():
        complete(subcommand)
    if not hasattr(command, "commands"):
        command.params.extend(get_command(declaring).params)
