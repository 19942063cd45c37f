"""Items with personal data: what an error says of one may hold that too, and is not stored."""

from typing import Any

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
