"""Names: which texts every store can keep as ids and keys."""

import re

from actum.errors import DefinitionError, Invalid

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


def check_text(text: object, what: str, *, field: str, fix: str) -> None:
    """Raises DefinitionError for what is no text, and Invalid for text that not every store can keep."""
    if type(text) is not str:
        raise DefinitionError(f"{text!r} cannot be {what}, which is text: {fix}")
    if text:
        check_name(text, what, field=field)


def check_who(who: object) -> None:
    """Refuses what cannot say who acts."""
    check_text(who, "ctx.by", field="by", fix='write str(user.id), or "" for somebody unknown')


def check_id(id: object) -> None:
    """Raises Invalid for what cannot be an entity's id."""
    check_name(id, "an entity's id", field="id")
