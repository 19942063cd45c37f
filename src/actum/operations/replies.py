"""Replies that are kept for idempotency keys, and forgotten after a time."""

from datetime import timedelta

from actum.runtime.clock import SystemClock
from actum.stores.open import Stores


async def forget_replies(stores: Stores, older_than: timedelta) -> int:
    """Deletes the replies that were kept longer ago; gives how many. The application may be running."""
    return await stores.journal.forget_replies(SystemClock().ago(older_than))
