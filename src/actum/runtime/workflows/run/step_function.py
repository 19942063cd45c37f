"""A step's function: what it is given by type, and how its result is recorded and read again."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Raw
from msgspec.json import encode

from actum.errors import DefinitionError, WrongReply
from actum.model.code.function_kind import function_kind, name_of
from actum.model.name import check_declared
from actum.model.people.sealing import SealedType, sealed_type
from actum.model.signature import check_serialisable, display, hints_of
from actum.model.values.round_trip import LOST, RoundTrip, reason_of, short_repr
from actum.runtime.context.context import Context
from actum.runtime.workflows.run.outcome import MAX_RESULT_BYTES
from actum.runtime.workflows.stand_ins import StandIns


class StepFunction:
    """An async function, checked once: `name` is that of its records unless the call gives another."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.name: str = getattr(function, "__name__", "")
        where = f"step {name_of(function)}"
        if function_kind(function) != "async":
            raise DefinitionError(
                f"{where} is not async: write `async def {self.name or 'charge'}(…)`, and in it "
                "`await asyncio.to_thread(…)` for what blocks"
            )
        hints = hints_of(inspect.unwrap(function)) if inspect.isroutine(function) else {}
        self.returns: Any = hints.get("return", Any)
        check_serialisable(self.returns, f"{where}: the result")
        self.sealed: SealedType | None = sealed_type(self.returns, f"{where}: the result")
        self._trip = RoundTrip(self.returns)
        self.read: Callable[[bytes], Any] = self._trip.read
        """Reads a result that was recorded; raises what says why it does not fit."""
        if self.sealed is not None:
            self.read = self.sealed.opening(self.read)
        self._parameters: list[tuple[str, Any]] = [
            (name, hints.get(name)) for name in inspect.signature(function).parameters
        ]

    def __repr__(self) -> str:
        return f"<StepFunction {self.name}>"

    def record_name(self, name: str | None) -> str:
        """Gives the name under which a call is recorded."""
        if name is None and not self.name.isidentifier():
            raise DefinitionError(
                f"the step {name_of(self.function)} has no name to be found by after a restart: write a "
                "function with async def, or name it, await self.step(…, name='charge')"
            )
        check_declared(name or self.name, "a step's name")
        if name is not None and name.startswith("$"):
            raise DefinitionError(
                f"{name!r}: names that begin with $ are Actum's own; name the step otherwise"
            )
        return name or self.name

    def bind(
        self,
        arguments: tuple[Any, ...],
        make_context: Callable[[], Context],
        resources: Mapping[type[Any], Any],
    ) -> tuple[Any, ...]:
        """Gives the arguments with those that are found by type among them."""
        rest = list(reversed(arguments))
        bound: list[Any] = []
        for _, annotation in self._parameters:
            if annotation is Context:
                bound.append(make_context())
            elif isinstance(annotation, type) and annotation in resources:
                bound.append(resources[annotation])
            elif rest:
                bound.append(rest.pop())
            else:
                break
        return (*bound, *reversed(rest))

    def write(self, result: Any, name: str) -> Raw:
        """Gives a result as JSON; raises WrongReply for one that JSON would change, or that is too large."""
        try:
            written = encode(result)
            fault = self._trip.between(result, self._trip.read(written))
        except LOST as error:
            raise WrongReply(
                f"step {name} must return {display(self.returns)} but returned {short_repr(result)}: "
                f"{reason_of(error)}"
            ) from error
        if fault is not None:
            raise WrongReply(
                f"step {name} returned what JSON does not preserve: {fault}; annotate what it returns"
            )
        if len(written) > MAX_RESULT_BYTES:
            raise WrongReply(
                f"step {name} returned {len(written):,} bytes of JSON, and {MAX_RESULT_BYTES:,} are the "
                "most: keep the content elsewhere, and return where it is"
            )
        return Raw(written)


class StepFunctions:
    """The functions that are run as steps, each checked at its first call; tests have others stand in."""

    def __init__(self, stand_ins: StandIns | None) -> None:
        self._known: dict[Any, StepFunction] = {}
        self._stand_ins = stand_ins

    def __repr__(self) -> str:
        return f"<StepFunctions, {len(self._known)} known>"

    def of(self, function: Callable[..., Any]) -> StepFunction:
        """Gives what is known of a function."""
        if self._stand_ins is not None:
            function = self._stand_ins.step(function)
        # The function of a bound method is the same for every object, unlike the method itself.
        plain = getattr(function, "__func__", None)
        found = self._known.get(function) if plain is None else None
        if found is None:
            found = StepFunction(function)
            # A closure is made anew for each run: remembered, each would stay in memory.
            if plain is None and getattr(function, "__closure__", None) is None:
                self._known[function] = found
        return found
