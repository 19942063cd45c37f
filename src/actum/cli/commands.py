"""The commands by name. A command's module is imported when the command is run, so that help is fast."""

from importlib import import_module
from typing import Any

import typer
from msgspec import Struct
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from actum.cli.common_options import complete, converted


class Command(Struct, frozen=True):
    """Where a command is (MODULE:NAME of a function or a group), and the first line of its help."""

    place: str
    summary: str


COMMANDS = {
    "new": Command(
        "actum.cli.subcommands.new:new",
        "Writes a small application with tests, type checks and a workflow for CI, to begin with.",
    ),
    "dev": Command(
        "actum.cli.subcommands.dev:dev",
        "Serves an application while you write it: what you change is loaded at once.",
    ),
    "run": Command(
        "actum.cli.subcommands.run:run",
        "Serves an application over HTTP, and runs its views, actions, queues and timers.",
    ),
    "migrate": Command(
        "actum.cli.subcommands.migrate:migrate",
        "Creates the tables of a store, or brings them up to date; running it again changes nothing.",
    ),
    "events": Command(
        "actum.cli.subcommands.events:events",
        "Lists events, in the order in which they were written.",
    ),
    "entity": Command(
        "actum.cli.subcommands.entity:entity",
        "Shows an entity: its state, its version and its events.",
    ),
    "ids": Command(
        "actum.cli.subcommands.entity:ids", "Lists the entities of a kind by the time of their first event."
    ),
    "views": Command(
        "actum.cli.subcommands.views:views",
        "Lists views and the rows that they set aside, and rebuilds or retries them.",
    ),
    "actions": Command(
        "actum.cli.subcommands.work.actions:actions",
        "Lists actions: what sets each off, what it has left to do, and what stands still.",
    ),
    "queues": Command(
        "actum.cli.subcommands.work.queues:queues",
        "Lists queues: how many messages each holds, and how old the oldest is.",
    ),
    "timers": Command(
        "actum.cli.subcommands.work.timers:timers",
        "Lists the deadlines of entities and other commands that are to be sent later.",
    ),
    "dead-letters": Command(
        "actum.cli.subcommands.work.letters:dead_letters",
        "Lists what actions failed to do, and retries, skips or edits it.",
    ),
    "workflows": Command(
        "actum.cli.subcommands.work.workflows:workflows",
        "Lists workflows, shows what they have done, and controls them.",
    ),
    "audit": Command(
        "actum.cli.subcommands.work.audit:audit",
        "Lists what operators did: who, when, to what, and how it ended; the newest first.",
    ),
    "backup": Command(
        "actum.cli.subcommands.upkeep.backup:backup",
        "Backs up a store in one SQLite file, while the application runs or not.",
    ),
    "restore": Command(
        "actum.cli.subcommands.upkeep.restore:restore",
        "Checks a backup, and puts it in the place of a store's file, which is kept beside it.",
    ),
    "archive": Command(
        "actum.cli.subcommands.upkeep.archive:archive",
        "Moves old events out of a store in a SQLite file, into compressed files beside it.",
    ),
    "doctor": Command(
        "actum.cli.subcommands.upkeep.doctor:doctor",
        "Examines an application, its store and this machine: what is wrong, and how to fix it.",
    ),
    "replies": Command(
        "actum.cli.subcommands.replies:replies", "Deletes the kept replies of idempotency keys."
    ),
    "claims": Command("actum.cli.subcommands.claims:claims", "Rebuilds claims from the events."),
    "forget": Command(
        "actum.cli.subcommands.people:forget",
        "Forgets persons: their personal values cannot be read any more in what the application stores.",
    ),
    "export-person": Command(
        "actum.cli.subcommands.people:export",
        "Prints, as JSON, everything that is kept of a person; it reads the whole journal.",
    ),
    "keys": Command(
        "actum.cli.subcommands.people:keys", "Makes and rotates the key that personal data is sealed under."
    ),
    "access": Command("actum.cli.subcommands.access:access", "Lists who may do what, and makes API keys."),
    "adopt": Command(
        "actum.cli.subcommands.adopt:adopt",
        "Binds a database to this application and this journal, whatever it belonged to before.",
    ),
    "export": Command(
        "actum.cli.subcommands.moves:export",
        "Writes everything that is stored for an application to one file, for `actum import`.",
    ),
    "import": Command(
        "actum.cli.subcommands.moves:import_",
        "Writes what `actum export` has written into an empty store, of any kind.",
    ),
    "digest": Command(
        "actum.cli.subcommands.moves:digest",
        "Prints the digest of all events of a store, which is the same in every store that has them.",
    ),
    "schema": Command(
        "actum.cli.subcommands.schema:schema",
        "Prints an application's schema; freezes what it has stored and promised, and checks changes to it.",
    ),
    "durable-objects": Command(
        "actum.cli.subcommands.durable_objects:durable_objects", "Runs entities in Durable Objects."
    ),
}


class CommandGroup(TyperGroup):
    """Every command of `actum`: listed with its summary, loaded when it is run."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, known in COMMANDS.items():
            self.commands[name] = TyperCommand(name, help=known.summary, short_help=known.summary)

    def get_params(self, ctx: Any) -> Any:
        return converted(super().get_params(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and load(name or ""), rest


def load(name: str) -> Any:
    """Loads a command."""
    module, _, attribute = COMMANDS[name].place.partition(":")
    found = getattr(import_module(module), attribute)
    around = typer.Typer(rich_markup_mode=None)
    if isinstance(found, typer.Typer):
        around.add_typer(found, name=name)
    else:
        around.command(name)(found)
    loaded = get_group(around).commands[name]
    complete(loaded)
    return loaded
