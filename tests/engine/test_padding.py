"""Tests of how rows are cut into statements of few sizes."""

from hypothesis import given
from hypothesis import strategies as st

from actum.stores.sqlite.database.padding import SIZES, padded


@given(st.integers(0, 5_000), st.integers(0, 40_000))
def test_pieces_have_few_sizes_and_hold_every_row_in_order(count: int, most: int) -> None:
    rows = list(range(count))

    pieces = padded(rows, most)

    assert {len(piece) for piece in pieces} <= {size for size in SIZES if size <= max(most, 1)}
    together = [row for piece in pieces for row in piece]
    assert together[:count] == rows
    assert set(together[count:]) <= {count - 1}
    assert len(together) - count <= max(0, len(pieces[-1]) // 3 if pieces else 0)
