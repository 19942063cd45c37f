"""Schemas: describes an application's events, entities and views in one JSON Schema document."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import NODEFAULT
from msgspec.structs import FieldInfo

from actum.model.entity import CommandType, EntityType
from actum.model.event import EventType
from actum.model.handler import Existence
from actum.model.signature import Signature
from actum.model.states.kept_state import payload_of
from actum.model.view import ViewQuery, ViewType

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]
EXISTENCE: dict[Existence, Schema] = {"any": {}, "old": {"mustExist": True}, "new": {"mustBeNew": True}}
"""What is said of a command or query that is for entities which exist, or which do not."""
Describe = Callable[[Any], Schema]
"""Returns the schema of an annotation."""


def schema_of(
    name: str,
    events: Mapping[str, EventType],
    kinds: Mapping[str, EntityType],
    views: Mapping[str, ViewType],
) -> Schema:
    """Describes an application: what it stores, which commands it takes, and what it answers.

    Events are listed under their stored names with their current version; parameters are objects by name.
    Classes are under `$defs`. The same declarations always give the same document.
    """

    def document(describe: Describe) -> Schema:
        return {
            "$schema": DIALECT,
            "title": name,
            "events": {key: _event(events[key], describe) for key in sorted(events)},
            "entities": {key: _entity(kinds[key], describe) for key in sorted(kinds)},
            "views": {key: _view(views[key], describe) for key in sorted(views)},
        }

    # All types are named together, so that two of one name get different names wherever they are used.
    annotations: list[Any] = []

    def collect(annotation: Any) -> Schema:
        annotations.append(annotation)
        return {}

    document(collect)
    schemas, definitions = msgspec.json.schema_components(annotations, ref_template="#/$defs/{name}")
    found = iter(schemas)
    return document(lambda _: next(found)) | {"$defs": dict(sorted(definitions.items()))}


def _event(event_type: EventType, describe: Describe) -> Schema:
    return {"version": event_type.version, "payload": describe(payload_of(event_type.cls))}


def _entity(kind: EntityType, describe: Describe) -> Schema:
    return {
        **_description(kind.cls),
        "state": describe(kind.cls),
        "events": sorted(kind.by_name),
        "commands": {key: _call(kind.commands[key], "reply", describe) for key in sorted(kind.commands)},
        "queries": {key: _call(kind.queries[key], "answer", describe) for key in sorted(kind.queries)},
    }


def _view(view: ViewType, describe: Describe) -> Schema:
    return {
        **_description(view.cls),
        "key": view.key,
        "row": describe(view.cls),
        "events": sorted(view.by_name),
        "queries": {key: _view_query(view.queries[key], describe) for key in sorted(view.queries)},
    }


def _call(command: CommandType, result: str, describe: Describe) -> Schema:
    return {
        **_description(command.function),
        **EXISTENCE[command.existence],
        "parameters": _parameters(command.signature, describe),
        result: describe(command.signature.returns),
    }


def _view_query(query: ViewQuery, describe: Describe) -> Schema:
    return {"parameters": _parameters(query.signature, describe), "answer": describe(query.answer)}


def _parameters(signature: Signature, describe: Describe) -> Schema:
    fields = msgspec.structs.fields(signature.arguments)
    return {
        "type": "object",
        "properties": {field.name: describe(field.type) | _default(field) for field in fields},
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
    }


def _default(field: FieldInfo) -> Schema:
    if field.default is not NODEFAULT:
        return {"default": msgspec.to_builtins(field.default, str_keys=True)}
    if field.default_factory is not NODEFAULT:
        return {"default": msgspec.to_builtins(field.default_factory(), str_keys=True)}
    return {}


def _description(declared: Any) -> Schema:
    text = declared.__doc__
    return {"description": inspect.cleandoc(text)} if text else {}
