"""Versions of a store's tables: which migration steps it still needs, in any technology."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from actum.errors import ForeignStore

VERSIONS = "SELECT part, version FROM actum_schema"


class Part(Struct, frozen=True):
    """A part of the schema with its own versions: `steps[n]` leads from version n to version n + 1.

    A landed step is never changed: a store may be at any version, and runs the steps after it.
    """

    name: str
    steps: tuple[tuple[str, ...], ...]


def is_current(versions: Mapping[str, int], parts: Sequence[Part], name: str) -> bool:
    """Says whether a store has run every step; raises ForeignStore if it is newer than this program."""
    for part in parts:
        version = versions.get(part.name, 0)
        if version > len(part.steps):
            raise ForeignStore(
                f"{name} was written by a newer Actum ({part.name} schema {version}, this one knows "
                f"{len(part.steps)}): upgrade Actum, or name another store"
            )
    return all(versions.get(part.name, 0) == len(part.steps) for part in parts)


def missing_steps(versions: Mapping[str, int], part: Part) -> list[str]:
    """Gives the statements that bring one part of a store up to date."""
    return [statement for step in part.steps[versions.get(part.name, 0) :] for statement in step]
