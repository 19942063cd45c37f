"""What pages say of what stands still or lags: which part it is, where it is seen to, and what to do."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from actum.console.links import OF_STORE, Addresses, view_url, work_url
from actum.runtime.gauges.standstill import Part, Standstill, State

LETTERS: Mapping[State, str] = {"dead letter": "dead", "lags": "retrying"}
"""The status of the letters of an action that is in a state."""
OF_ACTION: frozenset[Part] = frozenset({"action", "queue", "clock", "timers"})
KEYS: Mapping[Part, str] = {"view": "row", "workflow": "id"}
"""What the key of a part is called, if not key."""

UNREACHED = "See that its server runs and can be reached. All goes on by itself then."
UNWRITTEN = "See its server's log and disk. Writing goes on by itself when it can."
STOPPED = "The log has the cause, such as a full disk. Remove it, and restart the process."
ASIDE = "Fix the reducer and deploy: the view is rebuilt. If the cause was elsewhere, retry."
VIEW = "Fix what it names, and deploy if that is code. The view is tried again by itself."
BUILT = "Wait until it is done. The rows before it serve meanwhile, if there are some."
STALLED = "Fix the cause and deploy, then retry it or restart it from a step."
WITHOUT_CLASS = "Deploy a class that is called that: they go on by themselves then."
TASK = "The log has the whole error. The task is tried again by itself."
DEAD = "Open the letter and see why. Fix the cause and retry it, or skip it."
EDITABLE = "Open the letter and see why. Fix the cause and retry it, or edit what it holds, or skip it."
RETRYING = "Wait: it is tried again by itself. If the cause does not pass, fix it, and retry the letter."
LATE = "See what takes the time, or run more processes."
WAIT = "Wait, and look again. If it stays, see whether the machine or the store has too much to do."

OF_PART: Mapping[tuple[str, str], str] = {
    ("store", "does not answer"): UNREACHED,
    ("store", "does not write"): UNWRITTEN,
    ("store", "stopped"): STOPPED,
    ("view", "set aside"): ASIDE,
    ("view", "stands still"): VIEW,
    ("view", "being built"): BUILT,
    ("queue", "dead letter"): EDITABLE,
    ("timers", "dead letter"): EDITABLE,
    ("workflow", "stands still"): STALLED,
    ("task", "stands still"): TASK,
}
OF_STATE: Mapping[str, str] = {"dead letter": DEAD, "lags too long": LATE}


class Stuck(Struct, frozen=True):
    """A part that stands still: the first of what does, and how many `more` of the part are in that state."""

    first: Standstill
    more: int
    url: str
    key_name: str
    advice: str


def stuck_parts(visit: Addresses, standing: Sequence[Standstill]) -> list[Stuck]:
    """Gives what stands still by part and state, so that a hundred rows of a view are one line."""
    groups: dict[tuple[str, str, str], list[Standstill]] = {}
    for one in standing:
        groups.setdefault((one.part, one.name, one.state), []).append(one)
    return [
        Stuck(
            group[0],
            len(group) - 1,
            standing_url(visit, group[0], is_alone=len(group) == 1),
            KEYS.get(group[0].part, "key"),
            advice_for(group[0]),
        )
        for group in groups.values()
    ]


def standing_url(visit: Addresses, one: Standstill, *, is_alone: bool = True) -> str:
    """Gives the address of the page on which a part is seen to."""
    if one.part == "view":
        return view_url(visit, one.name)
    if one.part in OF_STORE:
        return visit.url("store")
    if one.part in OF_ACTION and one.key is not None and one.state in LETTERS:
        return visit.url("work", "letters", action=one.name, status=LETTERS[one.state])
    if one.part == "workflow" and one.key is not None:
        if is_alone:
            return visit.url("work", "workflow", kind=one.name, id=one.key)
        return visit.url("work", "workflows", kind=one.name, status="stalled")
    return work_url(visit, one.name)


def advice_for(one: Standstill) -> str:
    """Says what an operator does about a part that stands still or lags."""
    if one.part in OF_ACTION and one.state == "lags" and one.key is not None:
        return RETRYING
    if one.part == "workflow" and one.key is None and one.state == "stands still":
        return WITHOUT_CLASS
    return advice_on(one.part, one.state)


def advice_on(part: str, state: str) -> str:
    """Says what an operator does about a part in a state, whatever it is of the part that stands still."""
    return OF_PART.get((part, state)) or OF_STATE.get(state, WAIT)
