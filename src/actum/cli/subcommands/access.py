"""The commands about access: who may do what, and new API keys."""

import secrets

import typer

from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson
from actum.cli.output import print_json, print_line, print_table
from actum.model.access.methods import hash_key
from actum.operations.access.rules import rules_of

HEADINGS = ("what", "name", "who may")
KEY_BYTES = 32

access: typer.Typer = typer.Typer(no_args_is_help=True, help="Lists who may do what, and makes API keys.")


@access.callback()
def _group() -> None:
    """Lists who may do what, and makes API keys."""


@access.command()
def rules(app: AppName, is_json: AsJson = False) -> None:
    """Lists everything that a request can reach, and the rule that allows it; no store is opened."""
    found = rules_of(load_app(app))
    if is_json:
        for line in found:
            print_json(line)
    else:
        print_table(HEADINGS, [(line.kind, line.name, line.rule) for line in found])


@access.command()
def new_key() -> None:
    """Prints a new API key, and its hash: give the key to the caller, and keep the hash or the key."""
    key = secrets.token_urlsafe(KEY_BYTES)
    print_line("key ", key)
    print_line("hash", hash_key(key))
