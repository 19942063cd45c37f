"""Answers that a test gives in place of the steps of workflows, and what those were asked."""

import functools
from collections.abc import Callable, Coroutine
from typing import Any

from actum.model.code.function_kind import function_kind, name_of

Step = Callable[..., Coroutine[Any, Any, Any]]


class StepAnswers:
    """Stands in for the functions that steps run, by function."""

    def __init__(self) -> None:
        self.stand_ins: dict[Step, Step] = {}
        self._asked: dict[Step, list[tuple[Any, ...]]] = {}

    def __repr__(self) -> str:
        return f"<StepAnswers for {', '.join(map(name_of, self.stand_ins)) or 'nothing'}>"

    def answer(self, step: Step, answers: tuple[Any, ...]) -> None:
        """Has a step give these answers, one at each call, and the last again; errors are raised."""
        if function_kind(step) != "async":
            raise TypeError(
                f"{name_of(step)} is no async function: name the one that a workflow runs as a step"
            )
        if not answers:
            raise TypeError(f"say what {name_of(step)} answers: t.answer({name_of(step)}, …)")
        left = list(answers)
        asked = self._asked.setdefault(step, [])

        # Its signature is that of the step, so it is given the same, and its result is recorded alike.
        @functools.wraps(step)
        async def stand_in(*arguments: Any) -> Any:
            asked.append(arguments)
            answer = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(answer, BaseException):
                raise answer
            return answer

        self.stand_ins[step] = stand_in

    def asked(self, step: Step) -> list[tuple[Any, ...]]:
        """Gives the arguments of each call; those that are found by type, as a Context, are among them."""
        if step not in self._asked:
            raise TypeError(f"{name_of(step)} is answered by itself: use t.answer({name_of(step)}, …) first")
        return self._asked[step]
