"""A group of commands whose arguments, where they name none of it, are those of one of them."""

from typing import Any, ClassVar

from typer.core import TyperGroup

HELP = ("--help", "-h")


class DefaultCommandGroup(TyperGroup):
    """Takes `actum audit APP` as `actum audit list APP`; a subclass says which command is meant."""

    default: ClassVar[str]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts the default command first where no other is named, and no help is asked for."""
        is_named = not args or args[0] in self.commands or args[0] in HELP
        return super().parse_args(ctx, args if is_named else [self.default, *args])


class ListByDefault(DefaultCommandGroup):
    """A group that lists, unless another of its commands is named."""

    default = "list"


class ShowByDefault(DefaultCommandGroup):
    """A group that shows, unless another of its commands is named."""

    default = "show"
