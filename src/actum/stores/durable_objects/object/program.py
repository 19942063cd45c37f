"""The application as its objects see it: its entities, by the modules and names that a build recorded."""

from collections.abc import Sequence
from importlib import import_module

import msgspec
from msgspec import Struct

from actum.model.entity import EntityType, entity_type


class Declared(Struct, frozen=True):
    """Where an entity class is declared."""

    module: str
    qualname: str


class Manifest(Struct, frozen=True):
    """What a build recorded about an application."""

    application: str
    entities: Sequence[Declared]


class Program:
    """The entities of one application."""

    def __init__(self, manifest: Manifest) -> None:
        self.application: str = manifest.application
        self.kinds: dict[str, EntityType] = {}
        for declared in manifest.entities:
            found = import_module(declared.module)
            for part in declared.qualname.split("."):
                found = getattr(found, part)
            kind = entity_type(found)  # type: ignore[arg-type]
            self.kinds[kind.name] = kind

    def __repr__(self) -> str:
        return f"<Program {self.application}: {', '.join(self.kinds)}>"


def read_program(manifest: str) -> Program:
    """Loads the application that a manifest, as JSON, names."""
    return Program(msgspec.json.decode(manifest, type=Manifest))
