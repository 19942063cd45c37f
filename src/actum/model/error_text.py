"""The text of an error, as every store, log and answer can take it, whatever the error is."""

MAX_CHARACTERS = 2_000
MAX_PARTS = 20
"""How many errors of a group are named."""


def error_text(error: BaseException, *, limit: int = MAX_CHARACTERS) -> str:
    """Gives an error's class and message in at most `limit` characters; never raises.

    What cannot be kept, as NUL and half of a surrogate pair, is written as an escape. An error whose own text
    cannot be had is told by its class; a group names the errors in it.
    """
    said = [_class_name(error), error_message(error, limit=limit), _parts_text(error, limit)]
    return _cut(": ".join(part for part in said if part), limit)


def error_message(error: BaseException, *, limit: int = MAX_CHARACTERS) -> str:
    """Gives an error's message alone, as `error_text` does; never raises."""
    return text_of(error, limit=limit)


def text_of(value: object, *, limit: int = MAX_CHARACTERS) -> str:
    """Gives the text of whatever the author made, as every store and encoding takes it; never raises."""
    try:
        return plain_text(str(value), limit=limit)
    except BaseException as failure:  # noqa: BLE001 (a text may do anything, and this one is for a store)
        return f"(its text cannot be shown, for that raised {_class_name(failure)})"


def plain_text(text: str, *, limit: int = MAX_CHARACTERS) -> str:
    """Gives a text that every store and every encoding takes, in at most `limit` characters."""
    # `str` of a subclass of `str` may give that subclass, whose methods may do anything.
    plain = str.__str__(text)[: limit + 1]
    if "\0" in plain:
        plain = plain.replace("\0", "\\x00")
    if not plain.isascii():
        plain = plain.encode("utf-8", "backslashreplace").decode()
    return _cut(plain, limit)


def _parts_text(error: BaseException, limit: int) -> str:
    """Gives the texts of the errors in a group; a group within it is named alone."""
    if not isinstance(error, BaseExceptionGroup):
        return ""
    try:
        parts = list(error.exceptions)[:MAX_PARTS]
    except BaseException:  # noqa: BLE001 (a group may be a class of the author's)
        return ""
    texts = ((_class_name(part), error_message(part, limit=limit)) for part in parts)
    return "; ".join(f"{name}: {message}" if message else name for name, message in texts)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _class_name(error: BaseException) -> str:
    try:
        return plain_text(type(error).__name__)
    except BaseException:  # noqa: BLE001 (a metaclass may do anything)
        return "error"
