"""A resource of the application while it is open; an exit that it raises becomes an error."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any

from actum.runtime.containment import contained

GRACE = 15.0
"""Seconds that a resource has to close."""

log: logging.Logger = logging.getLogger("actum.node")

OpenResource = Callable[[], AbstractAsyncContextManager[Any]]


class OpenedResource(AbstractAsyncContextManager[Any]):
    """Opens a resource and closes it; an exit that it raises raises AuthorError instead."""

    def __init__(self, kind: type[Any], open_resource: OpenResource) -> None:
        self._name = f"the resource {kind.__name__} ({getattr(open_resource, '__name__', 'unnamed')})"
        self._open_resource = open_resource
        self._manager: AbstractAsyncContextManager[Any] | None = None

    def __repr__(self) -> str:
        return f"<OpenedResource {self._name}>"

    async def __aenter__(self) -> Any:
        with contained(f"{self._name} could not be opened"):
            self._manager = self._open_resource()
            return await self._manager.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        assert self._manager is not None
        with contained(f"{self._name} could not be closed", passing=error):
            limit = asyncio.timeout(GRACE)
            try:
                async with limit:
                    return await self._manager.__aexit__(kind, error, trace)
            except TimeoutError:
                if not limit.expired():
                    raise
                log.error("%s was not closed within %g s", self._name, GRACE)
                return None
