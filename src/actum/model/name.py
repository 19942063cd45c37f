"""Names: which texts every store can keep as ids and keys."""

import re

from actum.errors import Invalid

MOST = 1_000
SURROGATE = re.compile("[\ud800-\udfff]")


def check_name(name: object, what: str, *, field: str) -> None:
    """Raises Invalid for an id or key that not every store can keep."""
    is_text = type(name) is str and 0 < len(name) <= MOST and "\0" not in name
    if is_text and (str(name).isascii() or SURROGATE.search(str(name)) is None):
        return
    raise Invalid(
        f"{name!r} cannot be {what}: use text of 1 to {MOST} characters, NUL and halves of characters apart",
        field=field,
    )
