"""Doubles: what stands in for the resources of an application under test."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from actum.runtime.catalog import Resources
from actum.runtime.opened_resource import OpenResource


def with_doubles(resources: Resources, doubles: Mapping[type[Any], Any]) -> Resources:
    """Gives resources some of which are doubles; raises TypeError for a double of what is no resource."""
    unknown = [kind.__name__ for kind in doubles if kind not in dict(resources)]
    if unknown:
        raise TypeError(f"doubles= names {', '.join(unknown)}, which no resource of the application gives")
    return tuple((kind, _opens(doubles[kind]) if kind in doubles else opened) for kind, opened in resources)


def _opens(double: Any) -> OpenResource:
    @asynccontextmanager
    async def open_double() -> AsyncGenerator[Any]:
        yield double

    return open_double
