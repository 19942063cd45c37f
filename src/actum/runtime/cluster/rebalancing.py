"""How assignments are distributed over the processes that can do them: evenly, with few moves."""

from collections.abc import Mapping


def share_out(able: Mapping[int, frozenset[str]], owners: Mapping[str, int]) -> dict[str, int]:
    """Returns which process is to have each assignment; processes with the same input get the same result.

    `able` says what each process can do, which differs while a new release is rolled out; `owners` who does
    what now.
    """
    shared = {
        work: process for work, process in sorted(owners.items()) if work in able.get(process, frozenset())
    }
    load = dict.fromkeys(sorted(able), 0)
    for process in shared.values():
        load[process] += 1

    def least(work: str) -> int:
        return min((process for process in load if work in able[process]), key=load.__getitem__)

    everything = sorted(set().union(*able.values()))
    for work in everything:
        if work not in shared:
            shared[work] = least(work)
            load[shared[work]] += 1
    is_even = False
    while not is_even:
        is_even = True
        for work in everything:
            process, other = shared[work], least(work)
            if load[process] - load[other] > 1:
                shared[work] = other
                load[process] -= 1
                load[other] += 1
                is_even = False
    return shared
