"""Where what operators do in the console is recorded: who, when, what, and how it ended."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from actum.model.error_text import error_text, plain_text

log: logging.Logger = logging.getLogger("actum.console")


@asynccontextmanager
async def recorded(operator: str, action: str, target: str, facts: Mapping[str, str]) -> AsyncIterator[None]:
    """Records what the block does, before it begins; and that it failed, if it does."""
    said = plain_text(" ".join([action, target, *(f"{name}={value}" for name, value in facts.items())]))
    log.info("%s: %s", operator, said)
    try:
        yield
    except Exception as error:
        log.info("%s: %s failed: %s", operator, said, error_text(error))
        raise
