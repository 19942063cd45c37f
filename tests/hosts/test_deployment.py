"""The folder that `actum durable-objects build` writes: what Cloudflare's own tools say of it."""

import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from actum.app import definition_of
from actum.stores.durable_objects.bundle import bundle
from actum.stores.durable_objects.deployment import write_deployment
from actum.stores.durable_objects.workerd import WHEEL
from examples.bank.bank import app
from tests.servers.wrangler import dry_run

PYTHONS = [(date(2026, 9, 8), (3, 14)), (date(2025, 9, 29), (3, 13)), (date.min, (3, 12))]
"""The Python that a compatibility date means, as workers-py 1.17.9 has it in pywrangler/metadata.py."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The bank, built."""
    folder = tmp_path / "built"
    folder.mkdir()
    write_deployment(folder, bundle("bank", definition_of(app).catalog.kinds.values()))
    return folder


def read(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text())


def test_a_built_folder_asks_for_the_python_that_its_date_means(folder: Path) -> None:
    told = date.fromisoformat(read(folder / "wrangler.toml")["compatibility_date"])
    python = next(python for since, python in PYTHONS if told >= since)

    asked = read(folder / "pyproject.toml")["project"]["requires-python"]

    assert asked == f">={python[0]}.{python[1]}"
    assert WHEEL[1] == f"{python[0]}.{python[1]}"  # What `durable-objects dev` runs is the same.


@pytest.mark.slow
def test_there_is_a_wheel_for_webassembly_of_all_that_a_built_folder_needs(
    folder: Path, tmp_path: Path
) -> None:
    needed = read(folder / "pyproject.toml")["project"]["dependencies"]

    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", *WHEEL]
    done = subprocess.run(
        [*command, "--dest", str(tmp_path / "wheels"), *needed], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert [file.name.split("-")[0] for file in (tmp_path / "wheels").iterdir()] == ["msgspec"]


@pytest.mark.slow
def test_wrangler_would_deploy_a_built_folder(folder: Path, wrangler: list[str]) -> None:
    told = dry_run(wrangler, folder)

    assert "bank.py" in told
    assert "env.ENTITIES (EntityObject)" in told
    assert "env.FEED (FeedObject)" in told
