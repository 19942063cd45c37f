"""The command that rebuilds claims from the events."""

import asyncio
from typing import TYPE_CHECKING

import typer

from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, DatabaseUrl, StoreUrl
from actum.cli.output import print_outcome

if TYPE_CHECKING:
    from actum.cli.progress import Report
    from actum.operations.claims import RebuiltClaims

claims: typer.Typer = typer.Typer(no_args_is_help=True, help="Rebuilds claims from the events.")


@claims.callback()
def _group() -> None:
    """Rebuilds claims from the events."""


@claims.command()
def rebuild(
    app: AppName, is_json: AsJson = False, store: StoreUrl = None, database: DatabaseUrl = None
) -> None:
    """Restores the claims that the events show and the store has lost.

    Claims that the store has stay as they are. What was claimed by events that were pruned cannot be
    restored. The application must not be running.
    """
    from actum.cli.progress import reported

    url = load_app(app).store_url(store, database)
    with reported("events read") as report:
        rebuilt = asyncio.run(_rebuild(url, report))
    contradicted = f"claims that another entity holds: {rebuilt.contradicted:,}"
    print_outcome(
        rebuilt,
        f"claims in the events: {rebuilt.recorded:,}",
        f"claims restored: {rebuilt.restored:,}",
        *([contradicted] if rebuilt.contradicted else []),
        is_json=is_json,
    )


async def _rebuild(url: str, report: "Report") -> "RebuiltClaims":
    from actum.operations.claims import rebuild_claims
    from actum.operations.opening import open_beside

    async with open_beside(url) as stores:
        return await rebuild_claims(stores, url, report)
