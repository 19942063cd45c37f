"""Changes to workflows: whether those in flight can go on, and find what they have recorded."""

from collections.abc import Iterator

from actum.operations.evolution.change import Change, paired
from actum.operations.evolution.fitting import Fit
from actum.operations.evolution.lock import Lock, WorkflowLock
from actum.operations.evolution.shapes import read_field, read_type


def judged_flights(before: Lock, after: Lock) -> Iterator[Change]:
    """Judges every change to a workflow."""
    for name, old, new in paired(before.workflows, after.workflows):
        where = f"workflow {name}"
        if old is None:
            yield Change("addition", where, "it is new", "none is in flight")
        elif new is None:
            yield Change(
                "flights",
                where,
                "it is not declared any more",
                "those that have not ended stand still, and nobody can read the results of those that have",
                f"keep the class until `actum workflows list` shows none in flight; if it was renamed, write "
                f'class …(Workflow, name="{name}")',
            )
        else:
            yield from _JudgedWorkflow(where, old, new, before, after).changes()


class _JudgedWorkflow:
    """Judges one workflow that is declared before and after."""

    def __init__(self, where: str, old: WorkflowLock, new: WorkflowLock, before: Lock, after: Lock) -> None:
        self._where = where
        self._old = old
        self._new = new
        self._forwards = Fit(before.types, after.types)
        self._backwards = Fit(after.types, before.types)

    def changes(self) -> Iterator[Change]:
        yield from self._input()
        yield from self._result()
        yield from self._steps()
        yield from self._signals()

    def _input(self) -> Iterator[Change]:
        old = [read_field(text) for text in self._old.parameters.values()]
        new = list(self._new.parameters.items())
        why = ""
        if len(old) > len(new):
            why = f"{len(old)} arguments are stored, and {len(new)} are taken"
        for place, (name, text) in enumerate(new):
            field = read_field(text)
            if place >= len(old):
                why = why or (f"`{name}` is not among what is stored" if field.is_needed else "")
                continue
            gaps = self._forwards.gaps(old[place].shape, field.shape, name)
            why = why or (f"{gaps[0].path}: {gaps[0].why}" if gaps else "")
        if why:
            yield Change(
                "flights",
                self._where,
                "what `run` takes has changed",
                f"those in flight were started with what cannot be read any more: {why}",
                "give new parameters a default, at the end; or declare a second workflow, start that from "
                "now on, and keep this one until none is in flight",
            )
        elif self._old.parameters != self._new.parameters:
            what = "what `run` takes has changed"
            yield Change(
                "compatible", self._where, what, "what those in flight were started with can be read"
            )

    def _result(self) -> Iterator[Change]:
        old, new = read_type(self._old.result), read_type(self._new.result)
        what = f"its result was {self._old.result}, and is {self._new.result}"
        forwards, backwards = self._forwards.gaps(old, new), self._backwards.gaps(new, old)
        if forwards:
            yield Change(
                "flights",
                self._where,
                what,
                f"results that are stored cannot be read by those who await them: {forwards[0].why}",
                "keep what the old result has, and add to it; or declare a second workflow",
            )
        elif backwards:
            why = f"results of this program cannot be read by an earlier one: {backwards[0].why}"
            yield Change("rollback", self._where, what, why)
        elif self._old.result != self._new.result:
            yield Change("compatible", self._where, what, "results that are stored can be read")

    def _steps(self) -> Iterator[Change]:
        gone = sorted(self._old.steps.keys() - self._new.steps.keys())
        come = sorted(self._new.steps.keys() - self._old.steps.keys())
        for name in gone if come else ():
            yield Change(
                "flights",
                self._where,
                f"the step `{name}` is gone, and {', '.join(f'`{one}`' for one in come)} came",
                "if it was renamed, those in flight that have done it do it again under its new name",
                f'keep the name of its record: self.step(…, name="{name}")',
            )
        if come and not gone:
            why = "those in flight run it when they come to it; records of other steps are found by name"
            for name in come:
                yield Change("compatible", self._where, f"the step `{name}` is new", why)
        if gone and not come:
            for name in gone:
                why = "those in flight pass over what is recorded of it"
                yield Change("compatible", self._where, f"the step `{name}` is gone", why)
        for name in sorted(self._old.steps.keys() & self._new.steps.keys()):
            yield from self._step(name)

    def _step(self, name: str) -> Iterator[Change]:
        old, new = self._old.steps[name], self._new.steps[name]
        what = f"the result of the step `{name}` was {old.answer}, and is {new.answer}"
        if old.answer == new.answer:
            what = f"what is in the result of the step `{name}` has changed"
        forwards = self._forwards.gaps(read_type(old.answer), read_type(new.answer))
        backwards = self._backwards.gaps(read_type(new.answer), read_type(old.answer))
        if forwards:
            yield Change(
                "flights",
                self._where,
                what,
                f"what is recorded of it cannot be read: {_place(forwards[0].path)}{forwards[0].why}",
                "annotate it so that the old result can be read too; or give the step a new name with name=, "
                "if it may be done again",
            )
        elif backwards:
            why = f"what this program records cannot be read by an earlier one: {backwards[0].why}"
            yield Change("rollback", self._where, what, why)
        elif old.answer != new.answer:
            yield Change("compatible", self._where, what, "what those in flight have recorded can be read")
        if old.parameters != new.parameters:
            why = "arguments are not stored: `run` computes them again"
            yield Change("compatible", self._where, f"the step `{name}` takes other arguments", why)

    def _signals(self) -> Iterator[Change]:
        for name, old, new in paired(self._old.signals, self._new.signals):
            if old is None:
                yield Change(
                    "addition", self._where, f"it receives the signal {name} too", "none was sent yet"
                )
            elif new is None:
                yield Change(
                    "flights",
                    self._where,
                    f"it does not receive the signal {name} any more",
                    "one that was sent waits for ever; a class of another name is another signal",
                    "keep receiving it until none of before is in flight; a renamed class keeps its old name",
                )
            else:
                yield from self._signal(name, old, new)

    def _signal(self, name: str, old: str, new: str) -> Iterator[Change]:
        gaps = self._forwards.gaps(read_type(old), read_type(new))
        if gaps:
            yield Change(
                "flights",
                self._where,
                f"the signal {name} has changed",
                f"one that was sent before cannot be read: {_place(gaps[0].path)}{gaps[0].why}",
                "give new fields a default, or receive a signal of a new class beside it",
            )
        elif self._backwards.gaps(read_type(new), read_type(old)):
            why = "one that is sent to this program cannot be read by an earlier one"
            yield Change("rollback", self._where, f"the signal {name} has changed", why)


def _place(path: str) -> str:
    return f"{path}: " if path else ""
