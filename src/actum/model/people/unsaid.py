"""What is stored of an error whose message may hold personal data."""

from actum.errors import Rejected
from actum.model.error_text import plain_text


def class_alone(error: BaseException) -> str:
    """Returns an error's class, and its code if it has one, without its message."""
    code = f" ({error.code})" if isinstance(error, Rejected) else ""
    return plain_text(
        f"{type(error).__name__}{code}: its message may hold personal data, and is in the log alone"
    )
