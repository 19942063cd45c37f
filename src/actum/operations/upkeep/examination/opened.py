"""Examines what an application opens beside its stores: the key of its personal data, and its resources."""

import os
from functools import partial
from typing import Any

from actum.app import App, definition_of
from actum.launch import key_service
from actum.operations.upkeep.examination.finding import LIMIT, Finding, found_by, ok, warning
from actum.runtime.opened_resource import OpenedResource, OpenResource
from actum.stores.open import Stores

KEY_BYTES = 32


async def examine_key(app: App, url: str, stores: Stores | None) -> list[Finding]:
    """Tries the application's key, where there is personal data, on what was sealed under it."""
    definition = definition_of(app)
    if not definition.catalog.is_personal:
        return []
    async with key_service(definition, url) as service:
        assert service is not None
        keys = stores.journal.person_keys if stores is not None else None
        sealed = await keys.application_keys() if keys is not None else []
        for key in sealed:
            await service.unwrap(key.wrapped)
        if sealed:
            return [ok("key", f"it opens the keys of the application ({len(sealed)})")]
        await service.unwrap(await service.wrap(os.urandom(KEY_BYTES)))
        return [ok("key", "there is one, and nothing is sealed under it yet")]


async def examine_access(app: App) -> list[Finding]:
    """Says whether the application has rules of who may do what."""
    if definition_of(app).policy is not None:
        return [ok("access", "what no rule allows is refused")]
    return [
        warning(
            "access",
            "everybody who reaches the application may do everything",
            "give App(access=…), or let only what checks who asks reach it",
        )
    ]


async def examine_resources(app: App) -> list[Finding]:
    """Opens each resource of the application and closes it again, as its start and end do."""
    found: list[Finding] = []
    for kind, open_resource in definition_of(app).resources:
        found += await found_by("resource", partial(_examine_resource, kind, open_resource), limit=LIMIT)
    return found


async def _examine_resource(kind: type[Any], open_resource: OpenResource) -> list[Finding]:
    async with OpenedResource(kind, open_resource):
        return [ok("resource", f"{kind.__name__} opens and closes")]
