"""Queues: how many messages each holds, how old the oldest is, and what takes them."""

from collections.abc import Sequence

from msgspec import Struct

from actum.app import App, definition_of
from actum.operations.work.actions import Count, oldest_message
from actum.ports.letter import LetterStatus
from actum.runtime.actions.triggers.messages import MessageTrigger
from actum.runtime.declarations import triggers_of
from actum.stores.open import Stores

MAX_COUNTED = 100
"""Letters of one status that are counted."""


class ShownQueue(Struct, frozen=True):
    """A queue.

    `oldest` is when its first message was sent, in microseconds since 1970; None if it is empty. `action`
    takes the messages, and is empty if no action of the application does. Of these, `retrying` and `dead`
    count what failed; their keys wait.
    """

    name: str
    messages: int
    oldest: int | None
    action: str
    retrying: Count
    dead: Count


async def list_queues(stores: Stores, app: App) -> Sequence[ShownQueue]:
    """Lists the queues that an application takes from, and others that hold messages, by name."""
    taken = {
        trigger.queue: trigger.name
        for trigger in triggers_of(definition_of(app))
        if isinstance(trigger, MessageTrigger)
    }
    counts = await stores.database.message_counts()
    return [
        await _shown(stores, name, counts.get(name, 0), taken.get(name, ""))
        for name in sorted({*taken, *counts})
    ]


async def _shown(stores: Stores, name: str, messages: int, action: str) -> ShownQueue:
    return ShownQueue(
        name,
        messages,
        await oldest_message(stores, name) if messages else None,
        action,
        await _letters(stores, action, "retrying"),
        await _letters(stores, action, "dead"),
    )


async def _letters(stores: Stores, action: str, status: LetterStatus) -> Count:
    if not action:
        return Count(0)
    found = await stores.database.letters(action=action, status=status, limit=MAX_COUNTED + 1)
    return Count(min(len(found), MAX_COUNTED), len(found) > MAX_COUNTED)
