"""The text of an error, in a form that every store, log and response can hold."""

MAX_CHARACTERS = 2_000
MAX_PARTS = 20
"""How many errors of a group are named."""


def error_text(error: BaseException, *, limit: int = MAX_CHARACTERS) -> str:
    """Returns an error's class and message in at most `limit` characters; never raises.

    What cannot be stored, such as NUL and half of a surrogate pair, is written as an escape. If the message
    cannot be produced, the class alone is given. A group names the errors in it.
    """
    said = [_class_name(error), error_message(error, limit=limit), _parts_text(error, limit)]
    return _cut(": ".join(part for part in said if part), limit)


def error_message(error: BaseException, *, limit: int = MAX_CHARACTERS) -> str:
    """Returns an error's message alone, as `error_text` does; never raises."""
    return text_of(error, limit=limit)


def text_of(value: object, *, limit: int = MAX_CHARACTERS) -> str:
    """Returns the text of any object of the author's, in a form that every store can hold; never raises."""
    try:
        return plain_text(str(value), limit=limit)
    except BaseException as failure:  # noqa: BLE001 (`__str__` may do anything, and this text is for a store)
        return f"(its text cannot be shown, because __str__ raised {_class_name(failure)})"


def plain_text(text: str, *, limit: int = MAX_CHARACTERS) -> str:
    """Returns a text that every store and encoding accepts, in at most `limit` characters."""
    # `str` of a subclass of `str` may return that subclass, whose methods may do anything.
    plain = str.__str__(text)[: limit + 1]
    if "\0" in plain:
        plain = plain.replace("\0", "\\x00")
    if not plain.isascii():
        plain = plain.encode("utf-8", "backslashreplace").decode()
    return _cut(plain, limit)


def _parts_text(error: BaseException, limit: int) -> str:
    """Returns the texts of the errors in a group. A group inside it is named alone."""
    if not isinstance(error, BaseExceptionGroup):
        return ""
    try:
        parts = list(error.exceptions)[:MAX_PARTS]
    except BaseException:  # noqa: BLE001 (a group may be of the author's own class)
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
