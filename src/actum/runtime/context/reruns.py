"""Development's check of work that is done again: commands must go to the same entities as at first."""

import logging
from collections import OrderedDict

MAX_TRACES = 1_000

log: logging.Logger = logging.getLogger("actum.reruns")


class Trace:
    """One run of one cause, compared with the first run, whose ids `first` has by kind of call and number."""

    def __init__(self, cause: str, first: dict[tuple[str, str, int], str]) -> None:
        self._cause = cause.partition("/")[0]
        self._first = first
        self._counts: dict[tuple[str, str], int] = {}

    def __repr__(self) -> str:
        return f"<Trace of {self._cause}>"

    def sent(self, kind: str, command: str, id: str) -> None:
        """Records a command, and warns if it went to another entity in the first run."""
        count = self._counts[kind, command] = self._counts.get((kind, command), 0) + 1
        before = self._first.setdefault((kind, command, count), id)
        if before != id:
            log.warning(
                "%s was done again, and sent %s to %s/%s, where it had gone to %s/%s at first: it takes "
                "effect twice. Make ids with ctx.new_id(), which gives the same when the work comes again",
                self._cause,
                command,
                kind,
                id,
                kind,
                before,
            )


class Reruns:
    """The first runs of the newest causes, with which later ones are compared."""

    def __init__(self) -> None:
        self._firsts: OrderedDict[str, dict[tuple[str, str, int], str]] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Reruns of {len(self._firsts)} causes>"

    def begin(self, cause: str) -> Trace:
        """Begins a run."""
        first = self._firsts.setdefault(cause, {})
        self._firsts.move_to_end(cause)
        if len(self._firsts) > MAX_TRACES:
            self._firsts.popitem(last=False)
        return Trace(cause, first)
