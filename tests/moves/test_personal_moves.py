"""Personal data moves as it is sealed, with the keys of persons or without them."""

import os
import zlib
from pathlib import Path

import pytest

from actum import Forgotten
from actum.key_services.open import new_key
from actum.operations.moves.export_file import ExportReader
from actum.operations.moves.exporting import export_application
from actum.operations.moves.importing import import_application
from actum.stores.url import join
from tests.people.members import ANN, ANN_NAME, BOB, BOB_NAME, Contacts, Member, app


def quiet(*_: object) -> None:
    """Reports nothing."""


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTUM_KEY", new_key())


@pytest.fixture
async def source(tmp_path: Path) -> str:
    """A store in which Ann is known, and Bob was forgotten."""
    url = f"sqlite:///{tmp_path / 'source.db'}"
    async with app.running(url) as ctx:
        await ctx.entity(Member, "ann").register(ANN, ANN_NAME)
        await ctx.entity(Member, "bob").register(BOB, BOB_NAME)
        await ctx.forget("bob")
    return url


@pytest.fixture(params=["sqlite", "postgres", "dynamodb"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    match request.param:
        case "sqlite":
            return f"sqlite:///{tmp_path / 'target.db'}"
        case "postgres":
            return str(request.getfixturevalue("postgres_url"))
        case _:
            return join(request.getfixturevalue("dynamodb_url"), f"sqlite:///{tmp_path / 'views.db'}")


async def test_who_is_known_stays_so_and_who_was_forgotten_too(
    source: str, target: str, tmp_path: Path
) -> None:
    file = tmp_path / "members.export"
    exported = await export_application(app, source, file, quiet)
    await import_application(app, target, file, quiet)

    assert exported.counts["person_keys"] == 1
    assert exported.counts["forgettings"] == 1
    async with app.running(target) as ctx:
        assert (await ctx.state(Member, "ann")).email == ANN
        assert isinstance((await ctx.state(Member, "bob")).email, Forgotten)
        assert await ctx.entity(Member, "ann").rename("Anna") == "Anna"
        assert await ctx.view(Contacts).get("ann") is not None
        await ctx.forget("ann")
    content = file_content(file)
    assert [one for one in (ANN, ANN_NAME, BOB, os.environ["ACTUM_KEY"]) if one.encode() in content] == []


async def test_without_the_keys_of_persons_nothing_of_them_can_be_read(
    source: str, target: str, tmp_path: Path
) -> None:
    file = tmp_path / "members.export"
    await export_application(app, source, file, quiet, without=["person-keys"])
    await import_application(app, target, file, quiet)

    async with app.running(target) as ctx:
        assert isinstance((await ctx.state(Member, "ann")).email, Forgotten)


def file_content(file: Path) -> bytes:
    """Everything in it, decompressed."""
    reader = ExportReader(file)
    try:
        _, *chunks, _ = reader.whole()
        return b"".join(zlib.decompress(reader.body(chunk)) for chunk in chunks)
    finally:
        reader.close()
