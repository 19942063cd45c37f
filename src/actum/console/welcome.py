"""What is at / in development, if the application has no route there: where its addresses are."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from actum.http.openapi.operation_names import joined, requests_of
from actum.runtime.catalog import Definition

ROOT = "/"


class Address(Struct, frozen=True):
    """A route, and the action that answers for it."""

    method: str
    path: str
    action: str


def has_no_root(definition: Definition) -> bool:
    """Says whether no route of an application answers for /."""
    return not any(address.path == ROOT for address in _addresses(definition))


def welcome(definition: Definition, root: str) -> dict[str, Any]:
    """Gives what the page shows; `root` is where the application is mounted."""
    docs = definition.docs_path and root + definition.docs_path
    return {"docs": docs, "addresses": sorted(_addresses(definition), key=_by_path)}


def _addresses(definition: Definition) -> Iterator[Address]:
    for group in definition.actions:
        for bound, trigger in requests_of(group):
            yield Address(trigger.method, joined(group.path, trigger.path), bound.name)


def _by_path(address: Address) -> tuple[str, str]:
    return address.path, address.method
