"""How work is shared out: evenly, moving no more than that takes, and to nobody who cannot do it."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from actum.ports.membership import slice_name, whole_of
from actum.runtime.cluster.rebalancing import share_out

ALL = frozenset(f"work {number}" for number in range(7))
SLICED = [slice_name(work, number, 16) for work in ("action a", "action b") for number in range(16)]
memberships = st.dictionaries(st.integers(1, 9), st.frozensets(st.sampled_from(sorted(ALL))), min_size=1)
owners = st.dictionaries(st.sampled_from(sorted(ALL)), st.integers(1, 9))


def test_a_lone_process_does_everything() -> None:
    """Nobody else is waited for."""
    assert share_out({4: ALL}, {}) == dict.fromkeys(ALL, 4)


def test_three_processes_share_seven_works_evenly() -> None:
    """One that comes later gets its part of what the first had, and no work moves without need."""
    before = dict.fromkeys(ALL, 4)

    shared = share_out({4: ALL, 5: ALL, 6: ALL}, before)

    assert sorted(Counter(shared.values()).values()) == [2, 2, 3]
    assert shared == share_out({4: ALL, 5: ALL, 6: ALL}, shared)


def test_the_work_of_a_dead_process_goes_to_the_others_alone() -> None:
    """What the living do stays where it is."""
    shared = share_out({5: ALL, 6: ALL}, {"work 0": 6, "work 1": 5, "work 2": 4, "work 3": 4})

    assert (shared["work 0"], shared["work 1"]) == (6, 5)
    assert {shared["work 2"], shared["work 3"]} == {5, 6}


def test_the_slices_of_each_work_are_spread_over_all() -> None:
    """One that comes later gets half of each work, not the whole of one; and nothing moves back."""
    both = {1: frozenset(SLICED), 2: frozenset(SLICED)}

    shared = share_out(both, dict.fromkeys(SLICED, 1))

    assert Counter((whole_of(name), process) for name, process in shared.items()) == {
        (work, process): 8 for work in ("action a", "action b") for process in (1, 2)
    }
    assert share_out(both, shared) == shared


@given(
    able=st.dictionaries(st.integers(1, 9), st.just(frozenset([*SLICED, *ALL])), min_size=1),
    owners=st.dictionaries(st.sampled_from([*SLICED, *sorted(ALL)]), st.integers(1, 9)),
)
def test_slices_are_spread_evenly_and_so_is_everything(
    able: dict[int, frozenset[str]], owners: dict[str, int]
) -> None:
    """However they were distributed before, and however many processes there are."""
    shared = share_out(able, owners)

    counts = [Counter(dict.fromkeys(able, 0)) for _ in range(3)]
    for name, process in shared.items():
        counts[0][process] += 1
        counts[1][process] += name.startswith("action a#")
        counts[2][process] += name.startswith("action b#")
    assert all(max(count.values()) - min(count.values()) <= 1 for count in counts)
    assert share_out(able, shared) == shared


@given(able=memberships, owners=owners)
def test_every_work_has_a_process_that_can_do_it(
    able: dict[int, frozenset[str]], owners: dict[str, int]
) -> None:
    """While a release is rolled out, processes differ in what they can do; nothing is left lying."""
    shared = share_out(able, owners)

    assert shared.keys() == frozenset().union(*able.values())
    assert all(work in able[process] for work, process in shared.items())
    assert share_out(able, shared) == shared
