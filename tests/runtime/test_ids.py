"""Random ids: each is given out once, in every thread and in every process."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from actum.runtime.clock import SystemClock

MANY = 5_000


def test_ids_are_32_hexadecimal_digits_and_never_the_same() -> None:
    """Also where threads draw at once."""
    clock = SystemClock()

    with ThreadPoolExecutor(8) as threads:
        found = [each for ids in threads.map(lambda _: _drawn(clock), range(8)) for each in ids]

    assert len({*found}) == 8 * MANY
    assert all(len(each) == 32 and int(each, 16) >= 0 for each in found)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_process_that_was_forked_gives_out_other_ids() -> None:
    """Ids are drawn many at a time, and the rest is not given out twice."""
    clock = SystemClock()
    clock.new_id()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, "".join(clock.new_id() for _ in range(100)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    text = os.read(reading, 10_000).decode()
    os.close(reading)
    os.close(writing)

    of_child = {text[at : at + 32] for at in range(0, len(text), 32)}
    assert len(of_child) == 100
    assert not of_child & {clock.new_id() for _ in range(1_000)}


def _drawn(clock: SystemClock) -> list[str]:
    return [clock.new_id() for _ in range(MANY)]
