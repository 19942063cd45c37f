"""Runs the demo: `python -m examples.documents`, or with `--once` to end after it."""

import argparse
import asyncio
import logging
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from rich.console import Console

from actum.errors import ActumError
from examples.documents.demo import Demo, table_of, urls_of
from examples.documents.samples import load_samples
from examples.documents.server import ServerFailed, serving

console = Console()


def main() -> int:
    arguments = parse()
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        with data_folder(arguments.keep) as folder:
            return asyncio.run(run(folder, arguments.port, is_once=arguments.once))
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("Stopped.")
        return 130 if arguments.once else 0
    except (ServerFailed, httpx.HTTPError, ActumError, OSError) as error:
        Console(stderr=True).print(f"[red]The demo failed:[/] {error}", soft_wrap=True, highlight=False)
        return 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.documents", description=__doc__)
    parser.add_argument(
        "--once", action="store_true", help="end after the answers; status 0 if every word was found"
    )
    parser.add_argument("--port", type=int, help="the port to serve on (default: 8000, or any that is free)")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep the data there (default: none is kept)"
    )
    return parser.parse_args()


@contextmanager
def data_folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="actum-documents-") as folder:
        yield Path(folder)


async def run(folder: Path, port: int | None, *, is_once: bool) -> int:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with serving(folder, port) as address:
        console.print(f"Serving [bold]{address}[/] on {folder}", highlight=False)
        async with httpx.AsyncClient(base_url=address, timeout=30) as http:
            findings = await Demo(http, load_samples(), console).run()
        is_complete = not any(finding.missing for finding in findings)
        console.print(table_of(findings))
        console.print(
            "Every document was found by its words." if is_complete else "[red]Some words were not found.[/]"
        )
        if is_once:
            return 0 if is_complete else 1
        console.print(urls_of(address))
        console.print("Serving until interrupted (Ctrl-C).")
        await asyncio.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
