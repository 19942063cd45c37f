"""The command that prints an application's schema."""

import msgspec

from actum.cli.characters import print_json_text
from actum.cli.loading import load_app
from actum.cli.options import AppName
from actum.operations.schema import application_schema


def schema(app: AppName) -> None:
    """Prints the JSON Schema of an application's events, commands, queries and views."""
    document = application_schema(load_app(app))
    print_json_text(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
