"""Changes to events: whether the stored ones can still be read, and what to write if not."""

from collections.abc import Iterator, Mapping

from actum.operations.evolution.change import Change, paired
from actum.operations.evolution.fitting import Fit, Gap, shapes_of
from actum.operations.evolution.lock import EventLock, Lock
from actum.operations.evolution.shapes import FieldShape
from actum.operations.evolution.upcast_code import upcast_code

STANDS = (
    "a program of before cannot read the new form: after a rollback it leaves the entities that have such an "
    "event alone, and shows them, until the newer program runs again"
)


def judged_events(before: Lock, after: Lock) -> Iterator[Change]:
    """Judges every change to an event."""
    for name, old, new in paired(before.events, after.events):
        if old is None:
            yield Change(
                "rollback",
                f"event {name}",
                "it is new",
                f"nothing is stored of it; {STANDS}",
                "deploy it before anything emits it if you may have to roll back",
            )
        elif new is None:
            yield _removed(name, before, after)
        else:
            yield from _JudgedEvent(name, old, new, before, after).changes()


def _removed(name: str, before: Lock, after: Lock) -> Change:
    added = sorted(after.events.keys() - before.events.keys())
    like = [one for one in added if after.events[one].fields == before.events[name].fields] or added
    rename = (
        f'; if it was renamed, write class {_class(after, like[0])}(Event, name="{name}")' if like else ""
    )
    return Change(
        "history",
        f"event {name}",
        "it is not declared any more",
        "the entities whose histories have it cannot be loaded",
        f"keep the class, listed in its entity's emits=[…], as long as such events are stored{rename}",
        code=f'class {_class(after, like[0])}(Event, name="{name}"): …' if like else "",
    )


def _class(lock: Lock, event: str) -> str:
    return lock.events[event].class_name or event


class _JudgedEvent:
    """Judges one event that is declared before and after."""

    def __init__(self, name: str, old: EventLock, new: EventLock, before: Lock, after: Lock) -> None:
        self._name = name
        self._class = new.class_name or name
        self._where = f"event {name}"
        self._old = old
        self._new = new
        self._forwards = Fit(before.types, after.types)
        self._backwards = Fit(after.types, before.types)
        self._fields: Mapping[str, FieldShape] = shapes_of(old)
        self._now: Mapping[str, FieldShape] = shapes_of(new)

    def changes(self) -> Iterator[Change]:
        old, new = self._old, self._new
        if new.version < old.version:
            yield self._change(
                "history",
                f"its version went down from {old.version} to {new.version}",
                f"events that were stored at version {old.version} are read as those of a newer program",
                f"write version={old.version}, or a higher one with an upcast",
            )
            return
        if new.version > old.version:
            # That every older version has an upcast, the App has checked.
            what = f"its version went up from {old.version} to {new.version}, with an upcast"
            yield self._change("rollback", what, f"old events are read through it; {STANDS}")
            return
        for gap in self._whole():
            yield self._change(
                "upcast", gap.why, "stored events do not have the new form", self._raise, self._code()
            )
        for name in [*self._fields, *(name for name in self._now if name not in self._fields)]:
            yield from self._field(name)

    @property
    def _raise(self) -> str:
        return f"raise the event's version to {self._old.version + 1}, and add an upcast"

    def _change(self, verdict: str, what: str, why: str, fix: str = "", code: str = "") -> Change:
        return Change(verdict, self._where, what, why, fix, code)  # type: ignore[arg-type]

    def _whole(self) -> list[Gap]:
        """Gives what is wrong with the event as a whole: its tag."""
        bare = EventLock(version=1, tag=self._old.tag, tag_field=self._old.tag_field)
        now = EventLock(
            version=1,
            tag=self._new.tag,
            tag_field=self._new.tag_field,
            forbids_unknown=self._new.forbids_unknown,
        )
        return self._forwards.between(bare, now)

    def _field(self, name: str) -> Iterator[Change]:
        old, new = self._fields.get(name), self._now.get(name)
        if old == new and old is not None and not self._nested(name, old, old):
            return
        if new is None:
            yield self._removed_field(name)
        elif old is None:
            yield self._added_field(name, new)
        elif self._is_sealed_otherwise(old, new):
            yield self._resealed(name, old)
        else:
            yield from self._changed_field(name, old, new)

    def _nested(self, name: str, old: FieldShape, new: FieldShape) -> bool:
        """Whether a class within an unchanged field has changed so that one side cannot read the other."""
        both = (self._forwards.fields(old, new, name), self._backwards.fields(new, old, name))
        return any(both)

    def _removed_field(self, name: str) -> Change:
        partner = self._renamed(name)
        if partner:
            return self._change(
                "upcast",
                f"the field `{name}` is gone, and `{partner}` of the same type is new",
                f"if it was renamed, stored events keep the value under `{name}`, where nobody reads it",
                f"{self._raise}; if it was not, remove the one and add the other in two steps",
                self._code(),
            )
        if self._new.forbids_unknown:
            return self._change(
                "upcast",
                f"the field `{name}` is gone",
                "stored events have it, and the class refuses unknown fields",
                f"{self._raise}, or leave out forbid_unknown_fields=True",
                self._code(),
            )
        if self._fields[name].is_needed:
            return self._change(
                "rollback",
                f"the field `{name}` is gone",
                f"stored events still hold it, and it is passed over; {STANDS}",
                f"give `{name}` a default first, deploy that, and remove it with the next version",
            )
        return self._change(
            "compatible", f"the field `{name}` is gone", "stored events still hold it, and it is passed over"
        )

    def _added_field(self, name: str, new: FieldShape) -> Change:
        if new.is_needed:
            return self._change(
                "upcast",
                f"the field `{name}` is new and has no default",
                "stored events do not have it, and cannot be read",
                f"{self._raise}, or give it a default",
                self._code(),
            )
        partner = next((one for one in self._fields if self._renamed(one) == name), "")
        if partner:
            return self._change(
                "upcast",
                f"the field `{name}` is new, and `{partner}` of the same type is gone",
                f"if it was renamed, stored events would be read with the default {new.default}",
                self._raise,
                self._code(),
            )
        if self._old.forbids_unknown:
            return self._change(
                "rollback",
                f"the field `{name}` is new, with a default",
                f"stored events are read with {new.default}; the class refuses unknown fields: {STANDS}",
            )
        return self._change(
            "compatible",
            f"the field `{name}` is new, with a default",
            f"stored events are read with {new.default}, and an earlier program passes over it",
        )

    def _renamed(self, name: str) -> str:
        """Gives the new field that a removed one may have become: the same type, and only one such."""
        if name in self._now or name not in self._fields:
            return ""
        text = self._fields[name].shape
        new = [one for one, field in self._now.items() if one not in self._fields and field.shape == text]
        return new[0] if len(new) == 1 else ""

    def _is_sealed_otherwise(self, old: FieldShape, new: FieldShape) -> bool:
        return (old.shape.name == "Personal") != (new.shape.name == "Personal")

    def _resealed(self, name: str, old: FieldShape) -> Change:
        if old.shape.name == "Personal":
            return self._change(
                "history",
                f"the field `{name}` is not Personal any more",
                "stored events have it sealed, and an upcast cannot open it",
                "keep it Personal; add another field beside it for new events if it must be plain",
            )
        return self._change(
            "history",
            f"the field `{name}` is Personal now",
            "stored events have it as plain text: that is read, and `actum forget` leaves it readable",
            "add a new Personal field, and erase the entities whose old events name persons, or accept it",
        )

    def _changed_field(self, name: str, old: FieldShape, new: FieldShape) -> Iterator[Change]:
        what = f"the field `{name}` was {old.shape.text}, and is {new.shape.text}"
        if old.shape == new.shape:
            what = (
                f"the default of the field `{name}` has changed"
                if old.default != new.default
                else (f"the class of the field `{name}` has changed")
            )
        gaps = self._forwards.fields(old, new, name)
        if name in self._old.later and new.is_needed and not old.is_needed:
            gaps = [Gap(name, "events that were stored before the field came do not have it")]
            what = f"the default of the field `{name}` is gone"
        if gaps:
            yield self._change("upcast", what, _why(gaps[0], name), self._raise, self._code())
            return
        if name in self._old.later and old.default != new.default:
            yield self._change(
                "upcast",
                f"the default of the field `{name}` was {old.default}, and is {new.default}",
                "events that were stored before the field came would be read with another value",
                f"{self._raise}, which sets {old.default}",
                self._code(),
            )
            return
        back = self._backwards.fields(new, old, name)
        if back:
            yield self._change("rollback", what, f"stored events are read; {STANDS} ({_why(back[0], name)})")
        elif what and (old.default != new.default or old.shape != new.shape):
            yield self._change("compatible", what, "every stored value can be read")

    def _code(self) -> str:
        """Writes the upcast that today's declaration needs."""
        renamed = {name: self._renamed(name) for name in self._fields if self._renamed(name)}
        return upcast_code(self._name, self._old, self._new, renamed, self._changed())

    def _changed(self) -> list[str]:
        """The fields that are read otherwise than they were written."""
        return [
            name
            for name, old in self._fields.items()
            if name in self._now and self._forwards.fields(old, self._now[name], name)
        ]


def _why(gap: Gap, field: str) -> str:
    return gap.why if gap.path == field else f"{gap.path}: {gap.why}"
