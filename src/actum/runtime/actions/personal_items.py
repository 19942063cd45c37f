"""Items with personal data: what an error says of one may hold that too, and is not stored."""

from typing import Any

from actum.errors import Rejected
from actum.model.error_text import plain_text
from actum.model.event import Stored
from actum.model.people.open_keys import key_ids_in
from actum.ports.database import NewTimer
from actum.ports.message import Message


def holds_personal(content: Any) -> bool:
    """Whether an event, a message or a timer has sealed values."""
    match content:
        case Stored():
            return bool(key_ids_in(content.payload))
        case Message():
            return bool(key_ids_in(content.body))
        case NewTimer():
            return bool(key_ids_in(content.arguments))
        case _:
            return False


def class_alone(error: BaseException) -> str:
    """Returns what is stored of such an error: its class and code, and not its message."""
    code = f" ({error.code})" if isinstance(error, Rejected) else ""
    return plain_text(
        f"{type(error).__name__}{code}: the message is in the log alone, since the item has personal data"
    )
