"""A group of commands whose arguments, where they name none of it, are those of one of them."""

from difflib import get_close_matches
from typing import Any, ClassVar

from typer.core import TyperGroup

HELP = ("--help", "-h")


class DefaultCommandGroup(TyperGroup):
    """Takes `actum audit APP` as `actum audit list APP`; a subclass says which command is meant."""

    default: ClassVar[str]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts the default command first where no other is named or misspelt, and no help is asked for."""
        is_named = not args or args[0] in HELP or args[0] in self.commands or self._is_misspelt(args)
        return super().parse_args(ctx, args if is_named else [self.default, *args])

    def _is_misspelt(self, args: list[str]) -> bool:
        """Says whether a command seems to be meant, which an application's name follows."""
        is_followed = len(args) > 1 and not args[1].startswith("-")
        return is_followed and bool(get_close_matches(args[0], self.commands))


class ListByDefault(DefaultCommandGroup):
    """A group that lists, unless another of its commands is named."""

    default = "list"


class ShowByDefault(DefaultCommandGroup):
    """A group that shows, unless another of its commands is named."""

    default = "show"


class RulesByDefault(DefaultCommandGroup):
    """A group that lists rules, unless another of its commands is named."""

    default = "rules"
