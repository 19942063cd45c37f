"""Changes to what is stored under a name: kinds, views, actions, queues, claims, routes, persons."""

from collections.abc import Iterator

from actum.operations.evolution.change import Change, paired
from actum.operations.evolution.fitting import Fit
from actum.operations.evolution.lock import KindLock, Lock
from actum.operations.evolution.shapes import read_type


def judged_names(before: Lock, after: Lock) -> Iterator[Change]:
    """Judges names that came and went, and what hangs on them."""
    yield from _kinds(before, after)
    yield from _views(before, after)
    yield from _actions(before, after)
    yield from _queues(before, after)
    yield from _routes(before, after)
    yield from _persons(before, after)


def _kinds(before: Lock, after: Lock) -> Iterator[Change]:
    for name, old, new in paired(before.entities, after.entities):
        where = f"entity {name}"
        if old is None:
            yield Change("addition", where, "it is new", "nothing is stored of it")
        elif new is None:
            yield Change(
                "history",
                where,
                "it is not declared any more",
                "its histories, deadlines and claims are stored under that name, and nobody can load them",
                f'keep the class; if it was renamed, write class …(Entity, name="{name}")',
            )
        else:
            yield from _claims(where, old, new)
            yield from _emitted(where, old, new, after)


def _claims(where: str, old: KindLock, new: KindLock) -> Iterator[Change]:
    gone, come = sorted(set(old.claims) - set(new.claims)), sorted(set(new.claims) - set(old.claims))
    if gone and come:
        yield Change(
            "history",
            where,
            f"it does not claim `{'`, `'.join(gone)}` any more, and claims `{'`, `'.join(come)}`",
            "claims are stored under their names: under a new one, values that are taken are free",
            f'keep the name: self.claim("{gone[0]}", …)',
        )
        return
    for name in come:
        why = "entities of before hold no such value: one of them can be taken again"
        fix = "have a command of those entities claim it"
        yield Change("addition", where, f"it claims `{name}`", why, fix)
    for name in gone:
        why = "values that are held stay held, until their entities release them or are erased"
        yield Change("compatible", where, f"it does not claim `{name}` any more", why)


def _emitted(where: str, old: KindLock, new: KindLock, after: Lock) -> Iterator[Change]:
    """Judges events that are still declared, and not by this entity any more."""
    for name in sorted(set(old.events) - set(new.events)):
        if name in after.events:
            yield Change(
                "history",
                where,
                f"it has no reducer of {name} any more, and does not list it in emits=",
                "entities whose histories have it cannot be loaded",
                f"list it: emits=[{after.events[name].class_name or name}]",
            )


def _views(before: Lock, after: Lock) -> Iterator[Change]:
    for name, old, new in paired(before.views, after.views):
        where = f"view {name}"
        if old is None:
            yield Change("addition", where, "it is new", "it is built from the events")
        elif new is None:
            yield Change(
                "clients",
                where,
                "it is not declared any more",
                "callers of its queries are refused",
                f'keep it until no caller uses it; if it was renamed, write class …(View, name="{name}")',
            )


def _actions(before: Lock, after: Lock) -> Iterator[Change]:
    come = sorted(after.actions.keys() - before.actions.keys())
    for name in sorted(before.actions.keys() - after.actions.keys()):
        if any(one.startswith("queue ") for one in before.actions[name]) and before.actions[name] in [
            after.actions[one] for one in come
        ]:
            why = "its letters are stored under that name, and nobody works on them"
        else:
            why = "its progress and its letters are stored under that name: a renamed one starts anew"
        yield Change(
            "pending",
            f"action {name}",
            "it is not declared any more",
            f"{why}, and what it had not handled is lost",
            f'if it was renamed, write name="{name.partition("@")[0]}" in its trigger; if not, see that '
            "`actum dead-letters` lists none of it, and freeze",
        )
    for name in come:
        yield Change("addition", f"action {name}", "it is new", "it starts where its trigger says")
    for name in sorted(before.actions.keys() & after.actions.keys()):
        if before.actions[name] != after.actions[name]:
            yield _set_off(name, before, after)


def _set_off(name: str, before: Lock, after: Lock) -> Change:
    where, come = f"action {name}", set(after.actions[name]) - set(before.actions[name])
    what = f"it was set off by {_listed(before.actions[name])}; now by {_listed(after.actions[name])}"
    why = "its progress is kept; an event that is new to it counts from its next start on"
    if come & before.events.keys():
        more = "after a rollback, those of before it that were not handled yet are passed over"
        return Change("rollback", where, what, f"{why}; {more}")
    return Change("compatible", where, what, why)


def _queues(before: Lock, after: Lock) -> Iterator[Change]:
    for name, old, new in paired(before.queues, after.queues):
        where = f"queue {name}"
        if old is None:
            yield Change("addition", where, "it is new", "no message waits in it")
        elif new is None:
            yield Change(
                "pending",
                where,
                "no action takes from it any more",
                "messages that wait in it stay there",
                f'keep its action until it is empty; if it was renamed, keep @….queue("{name}") beside the '
                "new one",
            )
        else:
            yield from _messages(where, old, new, before, after)


def _messages(where: str, old: str, new: str, before: Lock, after: Lock) -> Iterator[Change]:
    written, read = read_type(old), read_type(new)
    what = f"its messages were {old}, and are {new}" if old != new else f"the fields of {new} have changed"
    gaps = Fit(before.types, after.types).gaps(written, read)
    if gaps:
        place = f"{gaps[0].path}: " if gaps[0].path else ""
        yield Change(
            "pending",
            where,
            what,
            f"messages that wait in it cannot be read, and become dead letters: {place}{gaps[0].why}",
            "give new fields a default, and accept what was sent before; or open a second queue, and keep "
            "this one until it is empty",
        )
    elif Fit(after.types, before.types).gaps(read, written):
        why = "messages that wait can be read; those that this program sends cannot be by an earlier one"
        yield Change("rollback", where, what, why)
    elif old != new:
        yield Change("compatible", where, what, "messages that wait in it can be read")


def _routes(before: Lock, after: Lock) -> Iterator[Change]:
    for route in sorted(set(before.routes) - set(after.routes)):
        yield Change(
            "clients",
            f"route {route}",
            "it is not declared any more",
            "requests of it are answered with 404 or 405",
            "keep it until no client uses it, as the access log shows",
        )
    for route in sorted(set(after.routes) - set(before.routes)):
        yield Change("addition", f"route {route}", "it is new", "no client uses it yet")


def _persons(before: Lock, after: Lock) -> Iterator[Change]:
    pairs = [
        (f"entity {name}", before.entities[name].person, one.person)
        for name, one in after.entities.items()
        if name in before.entities
    ]
    pairs += [
        (f"workflow {name}", before.workflows[name].person, one.person)
        for name, one in after.workflows.items()
        if name in before.workflows
    ]
    for where, old, new in pairs:
        if old and old != new:
            yield Change(
                "history",
                where,
                f'person="{old}" is {f"person={new!r}" if new else "gone"}',
                "what is stored is sealed under the keys of the persons of before, and `forget` of a person "
                "would leave it readable",
                f'keep person="{old}"',
            )


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "nothing"
