"""The commands that run an application's entities in Durable Objects."""

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from actum.cli.failure import CommandFailed
from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson
from actum.cli.output import print_outcome

if TYPE_CHECKING:
    from actum.stores.durable_objects.workerd import Workerd

SECRET = "development"

durable_objects: typer.Typer = typer.Typer(
    name="durable-objects", help="Runs entities in Durable Objects.", no_args_is_help=True
)


class BuiltLine(Struct, frozen=True):
    """A folder that was written, as `--json` prints it, and how many kinds of entities are in it."""

    application: str
    kinds: int
    folder: str


@durable_objects.command()
def build(
    app: AppName,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write.", show_default=False)],
    is_json: AsJson = False,
) -> None:
    """Writes a folder to deploy with Cloudflare's tools, by `uv run pywrangler deploy` in it."""
    from actum.app import definition_of
    from actum.stores.durable_objects.bundle import bundle
    from actum.stores.durable_objects.deployment import write_deployment

    loaded = load_app(app)
    made = bundle(loaded.name, definition_of(loaded).catalog.kinds.values())
    write_deployment(out, made)
    kinds = len(made.manifest.entities)
    print_outcome(
        BuiltLine(loaded.name, kinds, str(out)),
        f"{loaded.name}: {kinds} kinds of entities are in {out}",
        f"  deploy   cd {out} && uv run pywrangler deploy",
        "  secret   uv run pywrangler secret put ACTUM_SECRET",
        "  run      actum run APP --store 'durable-objects://HOST?secret=SECRET' --database sqlite:///app.db",
        is_json=is_json,
    )


@durable_objects.command()
def dev(
    app: AppName,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The port; 0 takes one that is free.")] = 8787,
    directory: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", help="Where objects are stored; by default .actum/APP."),
    ] = None,
) -> None:
    """Runs the objects in workerd on this machine until Ctrl+C; npm installs workerd.

    The secret is ACTUM_SECRET, or "development".
    """
    from actum.app import definition_of
    from actum.stores.durable_objects.bundle import bundle
    from actum.stores.durable_objects.workerd import Workerd, default_tools, fetch_tools, prepare

    loaded = load_app(app)
    made = bundle(loaded.name, definition_of(loaded).catalog.kinds.values())
    tools = default_tools()
    print(f"workerd and Pyodide are kept in {tools}", flush=True)
    fetched = fetch_tools(tools)
    place = directory or Path(".actum") / loaded.name
    prepare(place, made, fetched)
    secret = os.environ.get("ACTUM_SECRET") or SECRET
    asyncio.run(_serve(Workerd(place, fetched, secret, port=port), loaded.name))


async def _serve(server: "Workerd", name: str) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await server.start()
    print(f"{name} runs in objects at {server.url}", flush=True)
    ended = asyncio.create_task(server.ended())
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if ended.done():
        raise CommandFailed(f"workerd stopped with exit code {ended.result()}; its output above says why")
    await server.stop()
    await ended
    print(f"{name} has stopped", flush=True)
