"""The command that prints an application's schema."""

import msgspec

from actum.cli.characters import print_json_text
from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson
from actum.cli.output import print_json
from actum.operations.schema import application_schema


def schema(app: AppName, is_json: AsJson = False) -> None:
    """Prints the JSON Schema of an application's events, commands, queries and views."""
    document = application_schema(load_app(app))
    if is_json:
        print_json(document)
        return
    print_json_text(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
