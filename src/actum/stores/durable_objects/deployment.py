"""A folder that Cloudflare's tools can deploy: the worker, the application's modules, and its settings."""

import re
from importlib.resources import files
from pathlib import Path

import msgspec

from actum.errors import StoreError
from actum.stores.durable_objects.bundle import Bundle

WORKER = files("actum.stores.durable_objects") / "worker"
MARK = "wrangler.toml"


def write_deployment(directory: Path, bundle: Bundle) -> None:
    """Writes the folder, updating one that was written before; any other that is not empty is refused.

    `wrangler.toml` and `pyproject.toml` belong to the author once they exist.
    """
    if directory.exists() and any(directory.iterdir()) and not (directory / MARK).exists():
        raise StoreError(
            f"{directory} is not empty and has no {MARK} in it: choose another folder with --out"
        )
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
