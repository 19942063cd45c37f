"""Commands, as a form asks for their arguments, and sent to an entity."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import NODEFAULT, Struct

from actum.errors import Invalid, NotFound
from actum.model.entity import CommandType, EntityType
from actum.model.error_text import error_message
from actum.model.handler import Existence
from actum.operations.inspection.changes import FieldChange, changes_between, shown_state
from actum.operations.inspection.readable import shown_json
from actum.operations.inspection.timeline import TimelineEvent, show_timeline, state_at
from actum.ports.journal import EventRange
from actum.runtime.context.context import Context
from actum.stores.open import Stores

Control = Literal["text", "integer", "number", "choice", "json"]
NUMBERS: dict[str, str] = {
    "integer": "a whole number: write digits alone, such as 12",
    "number": "a number: write digits and a point, such as 1.5",
}
"""What is to be written in a field for a number."""
MAX_NAMED = 40
SIMPLE: dict[str, Control] = {"integer": "integer", "number": "number", "string": "text"}
MAX_EVENTS = 100
"""Events of one command that are shown."""


class Argument(Struct, frozen=True):
    """An argument as a form asks for it: its control, its choices (as text and as JSON), its default.

    `schema` is its JSON Schema, whose definitions are in the form's `definitions`.
    """

    name: str
    schema: dict[str, Any]
    control: Control
    choices: dict[str, str]
    default: str
    is_required: bool


class CommandForm(Struct, frozen=True):
    """A command with its arguments, in order; `existence` says which entities it is for."""

    name: str
    description: str
    arguments: Sequence[Argument]
    definitions: dict[str, Any]
    existence: Existence = "any"

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the arguments."""
        return {
            "type": "object",
            "properties": {one.name: one.schema for one in self.arguments},
            "required": [one.name for one in self.arguments if one.is_required],
            "additionalProperties": False,
            **({"$defs": self.definitions} if self.definitions else {}),
        }


class Sent(Struct, frozen=True):
    """What became of a command: its reply, the events that it added, and the state after them.

    `state` is None, and `why` says so, where it is not known.
    """

    reply: Any
    version: int
    events: Sequence[TimelineEvent]
    changes: Sequence[FieldChange]
    state: dict[str, Any] | None
    why: str


def command_of(kind: EntityType, name: str) -> CommandType:
    """Gives a command by name; raises NotFound, with the names that there are."""
    if name not in kind.commands:
        raise NotFound(f"{kind.name} has no command {name!r}; it has {', '.join(kind.commands) or 'none'}")
    return kind.commands[name]


def form_of(command: CommandType) -> CommandForm:
    """Describes the form of a command, made of the annotations of its parameters."""
    fields = msgspec.structs.fields(command.signature.arguments)
    annotations = [field.type for field in fields]
    schemas, definitions = msgspec.json.schema_components(annotations, ref_template="#/$defs/{name}")
    arguments = []
    for field, schema in zip(fields, schemas, strict=True):
        control, choices = _control(schema, definitions)
        default = "" if field.required else _default(field, control)
        arguments.append(Argument(field.name, schema, control, choices, default, field.required))
    description = inspect.cleandoc(command.function.__doc__ or "")
    return CommandForm(command.name, description, arguments, definitions, command.existence)


def read_arguments(command: CommandType, given: Mapping[str, str]) -> dict[str, Any]:
    """Reads the fields of a form; one that is empty is left to its default, if it has one.

    Raises Invalid, with the argument's name, for what does not fit its annotation.
    """
    read: dict[str, Any] = {}
    for argument in form_of(command).arguments:
        text = given.get(argument.name, "")
        if not text and not argument.is_required:
            continue
        read[argument.name] = _read(command, argument, text)
    return read


async def send_command(
    context: Context,
    stores: Stores,
    kind: EntityType,
    id: str,
    command: CommandType,
    arguments: Mapping[str, Any],
    *,
    version: int | None = None,
) -> Sent:
    """Sends a command; raises what the application raises.

    With `version`, it raises WrongVersion unless the entity is at that one. `arguments` are as
    `read_arguments` gives them. Commands of others meanwhile are not told apart from this one's events.
    """
    reference = context.entity(kind.cls, id, expected_version=version)
    found = await stores.journal.read(EventRange(kind.name, id, limit=1, reverse=True))
    before = found[0].version if found else 0
    reply = await getattr(reference, command.name)(**arguments)
    found = await stores.journal.read(EventRange(kind.name, id, limit=1, reverse=True))
    after = found[0].version if found else 0
    written = shown_json(msgspec.json.encode(reply))
    if after <= before:
        known = await state_at(stores, kind, id, after)
        state = None if known.instance is None else shown_state(known.instance)
        return Sent(written, after, (), (), state, known.why)
    limit = min(after - before, MAX_EVENTS)
    shown = await show_timeline(stores, kind, id, version=after, limit=limit)
    known = await state_at(stores, kind, id, before)
    state_before = {} if known.instance is None else shown_state(known.instance)
    changes = changes_between(state_before, shown.state or {})
    return Sent(written, after, list(reversed(shown.events)), changes, shown.state, shown.why)


def _control(schema: dict[str, Any], definitions: dict[str, Any]) -> tuple[Control, dict[str, str]]:
    """Chooses the control for a schema: one for each simple type, JSON for everything else."""
    reference = schema.get("$ref", "").rpartition("/")[2]
    if reference:
        return _control(definitions.get(reference, {}), definitions)
    if "enum" in schema:
        return "choice", {_text(one): msgspec.json.encode(one).decode() for one in schema["enum"]}
    if schema.get("type") == "boolean":
        return "choice", {"true": "true", "false": "false"}
    if schema.get("type") in SIMPLE:
        return SIMPLE[schema["type"]], {}
    return _control_of_union(schema, definitions)


def _control_of_union(schema: dict[str, Any], definitions: dict[str, Any]) -> tuple[Control, dict[str, str]]:
    """A personal text, which may be forgotten, has the control of a text; any other union that of JSON."""
    parts = schema.get("anyOf", ())
    others = [part for part in parts if not _stands_for_nothing(part)]
    if len(others) == 1 and len(others) < len(parts):
        return _control(others[0], definitions)
    return "json", {}


def _stands_for_nothing(schema: dict[str, Any]) -> bool:
    return str(schema.get("$ref", "")).rpartition("/")[2].startswith("Forgotten")


def _default(field: msgspec.structs.FieldInfo, control: Control) -> str:
    value = field.default_factory() if field.default is NODEFAULT else field.default
    written = msgspec.json.encode(value)
    return _text(msgspec.json.decode(written)) if control in ("text", "choice") else written.decode()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _read(command: CommandType, argument: Argument, text: str) -> Any:
    annotation = command.signature.parameters[argument.name]
    try:
        return msgspec.json.decode(_written(argument, text), type=annotation)
    except (msgspec.MsgspecError, UnicodeError) as error:
        why = _why(argument, text) or error_message(error)
        raise Invalid(f"{command.signature.where}: {argument.name}: {why}", field=argument.name) from error


def _why(argument: Argument, text: str) -> str:
    """Says what to write in a field, where that is plain from its control."""
    if not text:
        return "it is required"
    if argument.control in NUMBERS and not _is_json(text.encode(errors="replace")):
        return f"{text[:MAX_NAMED]!r} is not {NUMBERS[argument.control]}"
    return ""


def _written(argument: Argument, text: str) -> bytes:
    """Gives a field as JSON: what is no JSON where anything may be, as a time may, is taken as text."""
    if argument.control == "text":
        return msgspec.json.encode(text)
    written = argument.choices.get(text, text).encode()
    if argument.control == "json" and not _is_json(written):
        return msgspec.json.encode(text) if text and text[0] not in "[{" else written
    return written


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except msgspec.DecodeError:
        return False
    return True
