"""The command that prints an application's schema."""

import msgspec

from actum.cli.characters import print_json_text
from actum.cli.loading import load_app
from actum.cli.options import AppName
from actum.model.schema import schema_of


def schema(app: AppName) -> None:
    """Prints the JSON Schema of an application's events, commands, queries and views."""
    loaded = load_app(app)
    catalog = loaded.catalog
    document = schema_of(loaded.name, catalog.events, catalog.kinds, catalog.views)
    print_json_text(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
