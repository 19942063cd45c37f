"""The demo: users sign up and upload the samples over HTTP, and each is found by its words."""

import asyncio
import time
from collections import Counter
from typing import Any

import httpx
from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from examples.documents.samples import Sample

PEOPLE = {
    "ada": {"name": "Ada Byron", "email": "ada@example.org"},
    "grace": {"name": "Grace Hopper", "email": "grace@example.org"},
}
MAX_WAIT = 180.0


class Finding(Struct, frozen=True):
    """One sample, its entry in the library, and the words by which the search did not find it."""

    sample: Sample
    entry: dict[str, Any]
    missing: list[str]


class Demo:
    """The steps of the demo, each a few requests."""

    def __init__(self, http: httpx.AsyncClient, samples: list[Sample], console: Console) -> None:
        self.http = http
        self.samples = samples
        self.console = console
        self.documents: dict[str, Sample] = {}

    async def run(self) -> list[Finding]:
        await self.register()
        half = len(self.samples) // 2
        for sample in self.samples[:half]:
            await self.upload(sample)
        for owner in PEOPLE:
            await self.upload_in_bulk(
                owner, [sample for sample in self.samples[half:] if sample.owner == owner]
            )
        await self.wait_for_text()
        return [await self.look_up(id, sample) for id, sample in self.documents.items()]

    async def register(self) -> None:
        for id, details in PEOPLE.items():
            await self.request("POST", f"/users/{id}", json=details)
            self.console.print(f"[bold]{details['name']}[/] signed up: POST /users/{id}")

    async def upload(self, sample: Sample) -> None:
        file = {"file": (sample.file_name, sample.content(), "image/png")}
        receipt = await self.request("POST", f"/users/{sample.owner}/documents", files=file)
        self.documents[receipt["id"]] = sample

    async def upload_in_bulk(self, owner: str, samples: list[Sample]) -> None:
        files = [("files", (sample.file_name, sample.content(), "image/png")) for sample in samples]
        intake = await self.request("POST", f"/users/{owner}/documents/bulk", files=files)
        self.documents |= dict(zip(intake["accepted"], samples, strict=True))

    async def wait_for_text(self) -> None:
        deadline = time.monotonic() + MAX_WAIT
        with self.progress() as progress:
            task = progress.add_task("Reading documents", total=len(self.documents))
            while (done := await self.count_done()) < len(self.documents) and time.monotonic() < deadline:
                progress.update(task, completed=done)
                await asyncio.sleep(0.1)
            progress.update(task, completed=done)

    async def count_done(self) -> int:
        entries = await self.request("GET", "/documents")
        return sum(entry["id"] in self.documents and entry["stage"] != "waiting" for entry in entries)

    async def look_up(self, id: str, sample: Sample) -> Finding:
        found: Counter[str] = Counter()
        entry: dict[str, Any] = {}
        for word in sample.words:
            for match in await self.request("GET", "/documents", params={"text": word}):
                if match["id"] == id:
                    found[word] += 1
                    entry = match
        return Finding(sample, entry, [word for word in sample.words if not found[word]])

    async def request(self, method: str, path: str, **options: Any) -> Any:
        response = await self.http.request(method, path, **options)
        if response.is_error:
            raise httpx.HTTPStatusError(
                f"{method} {path} was answered with {response.status_code}: {response.text}",
                request=response.request,
                response=response,
            )
        return response.json()

    def progress(self) -> Progress:
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        return Progress(*columns, console=self.console)


def table_of(findings: list[Finding]) -> Table:
    table = Table(title="Documents and their users, found by their words")
    table.add_column("Document", no_wrap=True)
    table.add_column("Uploaded by", no_wrap=True)
    table.add_column("Found by")
    table.add_column("Text begins")
    for finding in findings:
        sample, entry = finding.sample, finding.entry
        words = [
            f"[red]not {word}[/]" if word in finding.missing else f"[green]{word}[/]" for word in sample.words
        ]
        beginning = entry.get("beginning", "").partition("\n")[0]
        table.add_row(sample.file_name, entry.get("uploaded_by", "?"), "  ".join(words), Text(beginning))
    return table


def urls_of(address: str) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row("Search", f"{address}/documents?text=apples")
    table.add_row("Documents of a user", f"{address}/users/ada/documents")
    table.add_row("API documentation", f"{address}/schema")
    return table
