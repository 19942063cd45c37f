"""Changes to what callers send and are answered: commands, queries, and the arguments that wait in timers."""

from collections.abc import Iterator, Mapping

from actum.operations.evolution.change import Change, Verdict, paired
from actum.operations.evolution.fitting import Fit
from actum.operations.evolution.lock import CallLock, Lock
from actum.operations.evolution.shapes import FieldShape, read_field, read_type

WAITING = "in timers and deadlines that were set before"


def judged_calls(before: Lock, after: Lock) -> Iterator[Change]:
    """Judges the commands and queries of entities and views that are declared before and after."""
    for kind in sorted(before.entities.keys() & after.entities.keys()):
        old, new = before.entities[kind], after.entities[kind]
        yield from _JudgedCalls("command", kind, before, after).changes(old.commands, new.commands)
        yield from _JudgedCalls("query", kind, before, after).changes(old.queries, new.queries)
    for view in sorted(before.views.keys() & after.views.keys()):
        yield from _JudgedCalls("query", view, before, after).changes(before.views[view], after.views[view])


class _JudgedCalls:
    """Judges the commands or the queries of one class."""

    def __init__(self, sort: str, owner: str, before: Lock, after: Lock) -> None:
        self._sort = sort
        self._owner = owner
        self._forwards = Fit(before.types, after.types)
        self._backwards = Fit(after.types, before.types)

    def changes(self, before: Mapping[str, CallLock], after: Mapping[str, CallLock]) -> Iterator[Change]:
        for name, old, new in paired(before, after):
            where = f"{self._sort} {self._owner}.{name}"
            if old is None:
                yield Change("addition", where, "it is new", "nobody calls it yet")
            elif new is None:
                yield from self._removed(
                    where, old, [after[one] for one in sorted(after.keys() - before.keys())]
                )
            else:
                yield from self._parameters(where, old, new)
                yield from self._waiting(where, old, new)
                yield from self._answer(where, old, new)
                yield from self._rejections(where, old, new)

    def _removed(self, where: str, old: CallLock, added: list[CallLock]) -> Iterator[Change]:
        like = any(one.parameters == old.parameters for one in added)
        rename = (
            "; if it was renamed, keep the old name beside the new one, and let it call that" if like else ""
        )
        yield Change(
            "clients",
            where,
            "it is not declared any more",
            "callers that use it are refused",
            f"keep it until no caller uses it{rename}",
        )
        if old.scheduled:
            yield Change(
                "pending",
                where,
                "it is not declared any more, and commands are scheduled with it",
                f"it is still called by what waits {WAITING}, which become dead letters",
                "keep it until `actum timers` lists none of them",
            )

    def _parameters(self, where: str, old: CallLock, new: CallLock) -> Iterator[Change]:
        before, after = _fields(old), _fields(new)
        for name in [*before, *(name for name in after if name not in before)]:
            yield from self._parameter(where, name, before.get(name), after.get(name))
        common = [name for name in before if name in after]
        if common != [name for name in after if name in before]:
            yield Change(
                "clients",
                where,
                f"the order of its parameters was {', '.join(before)}, and is {', '.join(after)}",
                "callers in Python that pass them by position pass other values",
                "keep the order, and put new parameters at the end",
            )

    def _parameter(
        self, where: str, name: str, old: FieldShape | None, new: FieldShape | None
    ) -> Iterator[Change]:
        if new is None:
            yield Change(
                "clients",
                where,
                f"the parameter `{name}` is gone",
                "callers that pass it are refused",
                "keep it, with a default, and pass over it, until no caller passes it",
            )
            return
        if old is None:
            if new.is_needed:
                yield Change(
                    "clients",
                    where,
                    f"the parameter `{name}` is new and has no default",
                    "callers that do not pass it are refused",
                    f"give it a default: `{name}: {new.shape.text} = …`",
                )
            else:
                what = f"the parameter `{name}` is new, with a default"
                yield Change("compatible", where, what, "callers that do not pass it get the default")
            return
        yield from self._changed_parameter(where, name, old, new)

    def _changed_parameter(self, where: str, name: str, old: FieldShape, new: FieldShape) -> Iterator[Change]:
        gaps = self._forwards.gaps(old.shape, new.shape, name)
        if gaps:
            yield Change(
                "clients",
                where,
                _changed("parameter", name, old, new),
                f"callers may send what is refused: {gaps[0].why}",
                "accept what was accepted before, beside the new type, until no caller sends it",
            )
        elif new.is_needed and not old.is_needed:
            yield Change(
                "clients",
                where,
                f"the parameter `{name}` has no default any more",
                "callers that do not pass it are refused",
                f"give it the default {old.default} again",
            )
        elif old.shape != new.shape:
            what = _changed("parameter", name, old, new)
            yield Change("compatible", where, what, "what callers send is accepted")
        elif old.default != new.default:
            what = f"the default of the parameter `{name}` was {old.default}, and is {new.default}"
            yield Change("compatible", where, what, "callers that do not pass it get the new one")

    def _waiting(self, where: str, old: CallLock, new: CallLock) -> Iterator[Change]:
        """Judges the arguments that were stored by position."""
        if not old.scheduled:
            return
        why = self._misread(list(_fields(old).items()), list(_fields(new).items()))
        if why:
            yield Change(
                "pending",
                where,
                "its parameters have changed, and commands are scheduled with it",
                f"arguments that wait {WAITING} are stored by position: {why}",
                "keep the parameters as they were, with new ones at the end that have a default; or schedule "
                "a new command, and keep this one until `actum timers` lists none of them",
            )

    def _misread(self, old: list[tuple[str, FieldShape]], new: list[tuple[str, FieldShape]]) -> str:
        """Says how stored arguments would be misread; "" if they are not."""
        if len(old) > len(new):
            return f"{len(old)} are stored, and {len(new)} are taken"
        names = [name for name, _ in new]
        for place, (name, field) in enumerate(old):
            now, shape = new[place]
            if name != now and name in names:
                return f"what was stored for `{name}` would be taken for `{now}`"
            gaps = self._forwards.gaps(field.shape, shape.shape, now)
            if gaps:
                return f"`{now}`: {gaps[0].why}"
        needed = [name for name, field in new[len(old) :] if field.is_needed]
        return f"`{needed[0]}` is not among them" if needed else ""

    def _answer(self, where: str, old: CallLock, new: CallLock) -> Iterator[Change]:
        if old.answer == new.answer and not self._backwards.gaps(
            read_type(new.answer), read_type(old.answer)
        ):
            return
        word = "reply" if self._sort == "command" else "answer"
        gaps = self._backwards.gaps(read_type(new.answer), read_type(old.answer))
        verdict: Verdict = "clients" if gaps else "compatible"
        what = f"its {word} was {old.answer}, and is {new.answer}"
        if old.answer == new.answer:
            what = f"what is in its {word} has changed"
        if gaps:
            place = f"{gaps[0].path}: " if gaps[0].path else ""
            why = f"callers may be answered with what they cannot read: {place}{gaps[0].why}"
            fix = f"add another {self._sort} for the new {word}, and keep this one until no caller uses it"
            yield Change(verdict, where, what, why, fix)
        else:
            yield Change(verdict, where, what, f"callers that read the old {word} can read the new one")

    def _rejections(self, where: str, old: CallLock, new: CallLock) -> Iterator[Change]:
        gone = sorted(set(old.rejections) - set(new.rejections))
        come = sorted(set(new.rejections) - set(old.rejections))
        if gone and come:
            yield Change(
                "clients",
                where,
                f"it does not reject with {', '.join(gone)} any more, and rejects with {', '.join(come)}",
                "if a code was renamed, callers do not recognise the new one",
                "keep the code, and change the message alone",
            )
        elif come:
            what = f"it may reject with {', '.join(come)}"
            yield Change("compatible", where, what, "a code that is new to callers is a refusal to them")
        elif gone:
            what = f"it does not reject with {', '.join(gone)} any more"
            yield Change("compatible", where, what, "callers wait for it in vain, and nothing else")


def _fields(call: CallLock) -> dict[str, FieldShape]:
    return {name: read_field(text) for name, text in call.parameters.items()}


def _changed(sort: str, name: str, old: FieldShape, new: FieldShape) -> str:
    if old.shape == new.shape:
        return f"the class of the {sort} `{name}` has changed"
    return f"the {sort} `{name}` was {old.shape.text}, and is {new.shape.text}"
