"""States: whether JSON preserves them, which their fields' types show, or their values where types do not."""

from collections.abc import Sequence
from typing import Any

from actum.model.values.round_trip import LOST, RoundTrip, Strictness

MAX_KNOWN = 1_000
MAX_WATCHED = 64_000
"""Bytes of JSON up to which a state that JSON may not preserve is compared at every event."""

Values = tuple[Any, ...]


class StateType:
    """What is known about the states of one entity class.

    `deep` are the fields whose contents JSON may not preserve, `fitting` types of values that were fine.
    """

    __slots__ = ("_names", "_scalars", "_trips", "deep", "fitting", "is_doubtful", "is_sure")

    def __init__(self, fields: Sequence[tuple[str, Any, bool]]) -> None:
        """Takes each field's name and annotation, and whether its values are immutable."""
        self._names = [name for name, _, _ in fields]
        self._trips = [RoundTrip(annotation) for _, annotation, _ in fields]
        doubtful = [
            (place, trip, is_immutable)
            for place, (trip, (_, _, is_immutable)) in enumerate(zip(self._trips, fields, strict=True))
            if not trip.is_sure
        ]
        self._scalars = [(place, trip.quick, trip) for place, trip, is_immutable in doubtful if is_immutable]
        self.deep: list[tuple[int, RoundTrip]] = [
            (place, trip) for place, trip, is_immutable in doubtful if not is_immutable
        ]
        self.is_doubtful: bool = bool(doubtful)
        self.is_sure: bool = all(trip.is_sure for trip in self._trips)
        self.fitting: set[tuple[type, ...]] = set()

    def fault(self, before: Values, after: Values) -> str | None:
        """Says which value that an event has set JSON does not preserve; None if it preserves all.

        The contents of mutable values are not checked: `deep_fault` does that.
        """
        kinds = tuple(map(type, after))
        if kinds not in self.fitting and (fault := self._fault_of_kinds(before, after, kinds)):
            return fault
        for place, is_fine, trip in self._scalars:
            value = after[place]
            if value is before[place] or (is_fine is not None and is_fine(value)):
                continue
            if fault := trip.fault(value, Strictness.STATE):
                return f"{self._names[place]}: {fault}"
        return None

    def deep_fault(self, values: Values) -> str | None:
        """Says which value within a container JSON does not preserve; None if it preserves all."""
        for place, trip in self.deep:
            if fault := trip.fault(values[place], Strictness.STATE):
                return f"{self._names[place]}: {fault}"
        return None

    def wrong_field(self, values: Values) -> tuple[str, str] | None:
        """Returns the first field whose value does not fit its annotation or is lost in JSON, and why.

        It looks at every value, whatever its annotation promises, and so is for development and tests.
        """
        for name, trip, value in zip(self._names, self._trips, values, strict=True):
            if fault := trip.fault(value, Strictness.STATE):
                return name, fault
        return None

    def between(self, values: Values, kept: Values) -> str | None:
        """Says where a state differs from what it was read back as; None if nowhere."""
        try:
            for name, trip, value, read in zip(self._names, self._trips, values, kept, strict=True):
                if trip.is_sure and value == read and type(value) is type(read):
                    continue
                if fault := trip.between(value, read, Strictness.STATE):
                    return f"{name}: {fault}"
        except LOST as error:
            return repr(error)
        return None

    def _fault_of_kinds(self, before: Values, after: Values, kinds: tuple[type, ...]) -> str | None:
        is_fit = True
        for name, trip, old, new in zip(self._names, self._trips, before, after, strict=True):
            if fault := trip.fault(new, Strictness.STATE):
                is_fit = False
                if new is not old or type(old) is not type(new):
                    return f"{name}: {fault}"
        if is_fit and len(self.fitting) < MAX_KNOWN:
            self.fitting.add(kinds)
        return None
