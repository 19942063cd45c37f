"""A folder that Cloudflare's tools deploy: the worker, the application's modules, and what says so."""

import re
from importlib.resources import files
from pathlib import Path

import msgspec

from actum.errors import StoreError
from actum.stores.durable_objects.bundle import Bundle

WORKER = files("actum.stores.durable_objects") / "worker"
MARK = "wrangler.toml"


def write_deployment(directory: Path, bundle: Bundle) -> None:
    """Writes the folder; one that was written before is renewed, and another is left alone.

    `wrangler.toml` and `pyproject.toml` are the author's once they are there.
    """
    if directory.exists() and any(directory.iterdir()) and not (directory / MARK).exists():
        raise StoreError(f"{directory} is not empty, and no {MARK} is in it: name another folder with --out")
    source = directory / "src"
    source.mkdir(parents=True, exist_ok=True)
    for path, content in bundle.files.items():
        if path != "manifest.json":
            target = source / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    manifest = msgspec.json.encode(bundle.manifest).decode()
    (source / "manifest.py").write_text(
        f'"""What the application is made of."""\n\nMANIFEST = {manifest!r}\n'
    )
    (source / "entry.py").write_bytes((WORKER / "entry.py").read_bytes())
    name = re.sub("[^a-z0-9-]+", "-", bundle.manifest.application.lower()).strip("-") or "app"
    for file in ("wrangler.toml", "pyproject.toml"):
        if not (directory / file).exists():
            (directory / file).write_text((WORKER / file).read_text().replace("NAME", name))
