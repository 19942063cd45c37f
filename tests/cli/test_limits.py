"""How many connections a process takes is no more than the system gives it file descriptors for."""

import sys

import pytest

from actum.cli.server.limits import allow_descriptors

if sys.platform == "win32":
    pytest.skip("this system counts no descriptors", allow_module_level=True)

import resource

INFINITE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("soft", "hard", "given", "raised"),
    [
        (1_024, 65_536, 2_000, (2_200, 65_536)),
        (1_024, INFINITE, 2_000, (2_200, INFINITE)),
        (65_536, 65_536, 2_000, None),
        (INFINITE, INFINITE, 2_000, None),
        (512, 1_024, 824, (1_024, 1_024)),
        (64, 100, 50, (100, 100)),
    ],
)
def test_as_many_connections_are_taken_as_there_can_be(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, given: int, raised: tuple[int, int] | None
) -> None:
    set_to: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: set_to.append(limits))

    assert allow_descriptors(2_000) == given
    assert set_to == ([] if raised is None else [raised])
