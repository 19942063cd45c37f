"""What a turn schedules and cancels, until it is stored with the turn's events."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ParamSpec, Protocol

import msgspec
from msgspec import Raw

from actum.errors import AuthorError, DefinitionError, Invalid
from actum.model.deadlines.deadline import Change
from actum.model.deadlines.expiry import EXPIRE, EXPIRY
from actum.model.event import to_microseconds
from actum.model.handler import Command
from actum.model.name import check_name
from actum.model.signature import Signature

P = ParamSpec("P")

MAX_CHANGES = 100
"""Deadlines that one command may set and cancel."""
MAX_BYTES = 16_000
"""Bytes that they may take as JSON: they are stored with each event of the command."""
FIRST = 1
LAST = 253_402_300_799_000_000
"""The last microsecond that a datetime can hold, but for its last second."""


class DeclaredCommand(Protocol):
    """What has to be known of a command for it to be sent later."""

    signature: Signature


class TurnDeadlines:
    """The deadlines that a turn of an entity sets and cancels: for each name, the last that was said."""

    def __init__(
        self, entity: str, cls: type[Any], commands: Mapping[str, DeclaredCommand], now: int
    ) -> None:
        self._entity = entity
        self._cls = cls
        self._commands = commands
        self._now = now
        self._changed: dict[str, Change] = {}
        self._uncalled: dict[str, DeclaredCommand] = {}

    def __repr__(self) -> str:
        return f"<TurnDeadlines of {self._entity}: {', '.join(self._changed)}>"

    @property
    def changed(self) -> Sequence[Change]:
        """The changes, the earliest first."""
        return tuple(self._changed.values())

    def schedule(
        self,
        command: Command[P, Any],
        *,
        after: timedelta | None,
        at: datetime | None,
        name: str | None,
    ) -> Callable[P, None]:
        """Sets a deadline; returns what takes the arguments of its command."""
        declared = self._declared(command)
        deadline = self._name_of(command if name is None else name)
        if (after is None) == (at is None):
            raise Invalid("schedule takes either after= or at=")
        span = (after or timedelta()) // timedelta(microseconds=1)
        due = self._now + span if at is None else to_microseconds(at)
        if due > LAST:
            raise Invalid(f"the deadline {deadline!r} would be due after the year 9999")
        change = Change(deadline, command.name, max(due, FIRST), span if at is None else 0)
        self._change(change)
        self._uncalled[deadline] = declared

        def take(*positional: P.args, **named: P.kwargs) -> None:
            bound = declared.signature.bind(positional, named)
            written = Raw(declared.signature.write(bound))
            self._change(msgspec.structs.replace(change, arguments=written))
            self._uncalled.pop(deadline, None)

        return take

    def cancel(self, deadline: str | Command[..., Any]) -> None:
        """Cancels a deadline by its name, or by its command if it was given no name."""
        name = self._name_of(deadline)
        self._uncalled.pop(name, None)
        self._change(Change(name))

    def expire(self, span: int) -> None:
        """Sets the deadline after which the entity is erased, a span in microseconds after now."""
        self._change(Change(EXPIRY, EXPIRE, min(self._now + span, LAST), span))

    def check(self, *, has_events: bool) -> None:
        """Raises what is wrong with the deadlines of a turn that has succeeded."""
        for declared in self._uncalled.values():
            # As a call without arguments: it names the one that is missing.
            declared.signature.bind((), {})
        if not has_events:
            names = ", ".join(map(repr, self._changed))
            raise AuthorError(
                f"{self._entity} scheduled or cancelled the deadline {names} and emitted no event: deadlines "
                "are stored with events; emit one that says what happened"
            )
        if len(self._changed) > MAX_CHANGES:
            raise Invalid(f"{self._entity}: a command may set and cancel {MAX_CHANGES} deadlines")
        size = len(msgspec.json.encode(self.changed))
        if size > MAX_BYTES:
            raise Invalid(
                f"{self._entity}: the deadlines of this command take {size:,} bytes, and {MAX_BYTES:,} are "
                "allowed: keep large content in the state, and a reference to it in the arguments"
            )

    def _change(self, change: Change) -> None:
        # The last one said comes last.
        self._changed.pop(change.name, None)
        self._changed[change.name] = change

    def _declared(self, command: Any) -> DeclaredCommand:
        owner = command.owner if isinstance(command, Command) else None
        if owner is None or not issubclass(self._cls, owner) or command.name not in self._commands:
            name = self._cls.__name__
            raise DefinitionError(
                f"{command!r} is not a command of {name}: an entity schedules its own commands, as in "
                f"self.schedule({name}.{next(iter(self._commands))}, after=timedelta(days=30))"
            )
        return self._commands[command.name]

    def _name_of(self, deadline: Any) -> str:
        name = deadline.name if isinstance(deadline, Command) else deadline
        check_name(name, "a deadline's name", field="name")
        if name == EXPIRY:
            raise Invalid(f"{name!r} is the deadline of expires_after=: choose another name", field="name")
        return str(name)
