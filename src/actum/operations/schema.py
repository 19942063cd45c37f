"""The JSON Schema of an application."""

from typing import Any

from actum.app import App, definition_of
from actum.operations.json_schema import schema_of


def application_schema(app: App) -> dict[str, Any]:
    """Gives the JSON Schema of an application's events, commands, queries and views."""
    catalog = definition_of(app).catalog
    return schema_of(app.name, catalog.events, catalog.kinds, catalog.views)
