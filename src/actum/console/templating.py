"""The templates of the console, and what all of them can use."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from actum.console.assets import asset_version
from actum.console.formats import FILTERS
from actum.console.links import LINKS


@lru_cache(maxsize=1)
def templates() -> Environment:
    """Gives the templates, compiled as they are needed; what is put into them is escaped."""
    environment = Environment(
        loader=PackageLoader("actum.console", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(FILTERS)
    known: dict[str, Any] = environment.globals
    known.update(LINKS, asset_version=asset_version())
    return environment


def render(template: str, values: Mapping[str, Any]) -> str:
    """Gives a page as HTML."""
    return templates().get_template(template).render(values)
