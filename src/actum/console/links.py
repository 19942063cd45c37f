"""The addresses by which pages of the console refer to one another; "" for a page that there is not."""

from collections.abc import Callable, Mapping
from typing import Protocol

OF_STORE = frozenset({"store", "broker", "key service", "feed", "task"})
"""The parts in `/-/ready` that are shown with the store, because they have no page of their own."""


class Addresses(Protocol):
    """Knows the pages of the console; a `Visit` is one."""

    def has_page(self, name: str) -> bool:
        """Whether there is a page of that name."""
        ...

    def url(self, page: str = "", *parts: str, **query: object) -> str:
        """Gives the address of a page."""
        ...


def entity_url(visit: Addresses, kind: str, id: str = "") -> str:
    """Gives the address of a kind of entity or, with an id, of one entity; without a page, of its events."""
    if visit.has_page("entities"):
        return visit.url("entities", "one" if id else "", kind=kind, id=id)
    return visit.url("live", kind=kind, id=id)


def event_url(visit: Addresses, type: str) -> str:
    """Gives the address of the events of one type."""
    return visit.url("live", type=type)


def view_url(visit: Addresses, name: str) -> str:
    """Gives the address of a view."""
    return visit.url("views", name)


def work_url(visit: Addresses, name: str) -> str:
    """Gives the address of an action, a queue or a kind of workflow, by the name in `/-/ready`."""
    return visit.url("work", name=name) if visit.has_page("work") else ""


def trace_url(visit: Addresses, correlation_id: str, near: int | None = None) -> str:
    """Gives the address of everything that one request set off, searched for near a position."""
    return visit.url("trace", id=correlation_id, near=near) if visit.has_page("trace") else ""


LINKS: Mapping[str, Callable[..., str]] = {
    "entity_url": entity_url,
    "event_url": event_url,
    "view_url": view_url,
    "work_url": work_url,
    "trace_url": trace_url,
}
"""What templates can call, by name."""
