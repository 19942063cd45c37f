"""The commands about access: who may do what, and new API keys."""

import secrets

import typer
from msgspec import Struct

from actum.cli.default_command import RulesByDefault
from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson
from actum.cli.output import print_json, print_outcome, print_table

HEADINGS = ("what", "name", "who may")
KEY_BYTES = 32


class NewKey(Struct, frozen=True):
    """A new API key and its hash, as `--json` prints them."""

    key: str
    hash: str


access: typer.Typer = typer.Typer(
    cls=RulesByDefault, no_args_is_help=True, help="Lists who may do what, and makes API keys."
)


@access.callback()
def _group() -> None:
    """Lists who may do what, and makes API keys."""


@access.command()
def rules(app: AppName, is_json: AsJson = False) -> None:
    """Lists everything that a request can reach, and the rule that allows it; no store is opened."""
    from actum.operations.access.rules import rules_of

    found = rules_of(load_app(app))
    if is_json:
        for line in found:
            print_json(line)
    else:
        print_table(HEADINGS, [(line.kind, line.name, line.rule) for line in found])


@access.command()
def new_key(is_json: AsJson = False) -> None:
    """Prints a new API key, and its hash: give the key to the caller, and keep the hash or the key."""
    from actum.model.access.methods import hash_key

    key = secrets.token_urlsafe(KEY_BYTES)
    made = NewKey(key, hash_key(key))
    print_outcome(made, f"key   {made.key}", f"hash  {made.hash}", is_json=is_json)
