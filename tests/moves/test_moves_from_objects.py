"""An application moves from Durable Objects into a file; nothing moves into them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actum import Context
from actum.errors import StoreError
from actum.operations.moves.exporting import export_application
from actum.operations.moves.importing import import_application
from actum.stores.open import prepare_stores
from tests.stores_of_versions.library import Member, Reservation, app_of_objects, outside
from tests.stores_of_versions.test_library_stores import STORES, VERSIONS, restored, until

pytestmark = pytest.mark.slow


def quiet(*_: object) -> None:
    """Reports nothing."""


@pytest.fixture
async def objects(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    outside.begin_anew()
    async with restored(request, "objects", STORES / VERSIONS[-1], tmp_path) as url:
        await prepare_stores(url)
        yield url


async def test_objects_are_exported_without_replies(objects: str, tmp_path: Path) -> None:
    file, target = tmp_path / "library.export", f"sqlite:///{tmp_path / 'moved.db'}"
    with pytest.raises(StoreError, match="accept that with `--without replies`"):
        await export_application(app_of_objects, objects, file, quiet)

    exported = await export_application(app_of_objects, objects, file, quiet, without=["replies"])
    imported = await import_application(app_of_objects, target, file, quiet)

    assert imported.digest == exported.digest
    async with app_of_objects.running(target) as ctx:
        assert (await ctx.state(Member, "m-1")).version == 6
        # Objects have deadlines of their own, which the events show.
        await until(lambda: waits_alone(ctx, "v-2"))
        assert (await ctx.state(Reservation, "v-1")).lapsed == "nobody came for Emma"


async def waits_alone(ctx: Context, id: str) -> bool:
    return [timer.entity_id for timer in await ctx.timers() if timer.kind == "Reservation"] == [id]


async def test_nothing_is_imported_into_objects(objects: str, tmp_path: Path) -> None:
    file = tmp_path / "library.export"
    await export_application(app_of_objects, objects, file, quiet, without=["replies"])

    with pytest.raises(StoreError, match="takes no import: what runs there writes its events by itself"):
        await import_application(app_of_objects, objects, file, quiet)
