"""How assignments are distributed over the processes that can do them: evenly, with few moves."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from actum.ports.membership import whole_of


def share_out(able: Mapping[int, frozenset[str]], owners: Mapping[str, int]) -> dict[str, int]:
    """Returns which process is to have each assignment; processes with the same input get the same result.

    `able` says what each process can do, which differs while a new release is rolled out; `owners` who does
    what now. The slices of one work are spread evenly, and then all assignments together: among processes
    that can do the same, none has two more than another, of one work's slices or of everything.
    """
    shares = _Shares(able, owners)
    for work in shares.works:
        shares.spread(work)
    shares.even_out()
    return shares.owners


class _Shares:
    """Who has what, while it is decided. `works` are the names of each work's slices, or its own name."""

    def __init__(self, able: Mapping[int, frozenset[str]], owners: Mapping[str, int]) -> None:
        self.owners: dict[str, int] = {
            name: owner for name, owner in sorted(owners.items()) if name in able.get(owner, frozenset())
        }
        self.works: dict[str, list[str]] = defaultdict(list)
        self._able = {process: able[process] for process in sorted(able)}
        self._load: Counter[int] = Counter(self.owners.values())
        self._counts: dict[str, Counter[int]] = defaultdict(Counter)
        for name in sorted(set().union(*able.values())):
            self.works[whole_of(name) or name].append(name)
        for name, owner in self.owners.items():
            self._counts[whole_of(name) or name][owner] += 1

    def spread(self, work: str) -> None:
        """Gives away the slices of a work that nobody has, and moves some until they are spread evenly."""
        count = self._counts[work]
        is_even = False
        while not is_even:
            is_even = True
            for name in self.works[work]:
                able = (process for process, names in self._able.items() if name in names)
                least = min(able, key=lambda process: (count[process], self._load[process]))
                owner = self.owners.get(name)
                if owner is None or count[owner] - count[least] > 1:
                    self._give(name, least, count)
                    is_even = False

    def even_out(self) -> None:
        """Moves assignments between processes so that all have as many, each work's slices staying spread."""
        is_even = False
        while not is_even:
            is_even = True
            for work, names in self.works.items():
                count = self._counts[work]
                for name in names:
                    owner = self.owners[name]
                    fewer = [
                        one for one in self._able if name in self._able[one] and count[one] < count[owner]
                    ]
                    least = min(fewer, key=self._load.__getitem__, default=owner)
                    if self._load[owner] - self._load[least] > 1:
                        self._give(name, least, count)
                        is_even = False

    def _give(self, name: str, process: int, count: Counter[int]) -> None:
        owner = self.owners.get(name)
        if owner is not None:
            self._load[owner] -= 1
            count[owner] -= 1
        self.owners[name] = process
        self._load[process] += 1
        count[process] += 1
