"""Where what operators do in the console is recorded: who, when, what, and how it ended."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from actum.model.error_text import error_text, plain_text
from actum.operations.repairs.audit import Act
from actum.operations.repairs.audit import recorded as recorded_in_store
from actum.ports.database import Database

log: logging.Logger = logging.getLogger("actum.console")


@asynccontextmanager
async def recorded(
    database: Database, operator: str, action: str, target: str, facts: Mapping[str, str]
) -> AsyncIterator[None]:
    """Records what the block does, in the audit log and in the log; and that it failed, if it does."""
    said = plain_text(" ".join([action, target, *(f"{name}={value}" for name, value in facts.items())]))
    log.info("%s: %s", operator, said)
    try:
        async with recorded_in_store(database, operator, Act(action, target, dict(facts))):
            yield
    except Exception as error:
        log.info("%s: %s failed: %s", operator, said, error_text(error))
        raise
