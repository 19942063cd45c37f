"""The documents example with its entities in Durable Objects; OCR, views and HTTP run in this process."""

from datetime import timedelta
from pathlib import Path

import pytest

from actum.testing import testing
from examples.documents.app import app
from examples.documents.documents import Document
from examples.documents.samples import load_samples

pytestmark = pytest.mark.slow


async def test_samples_are_read_and_found(
    objects_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uploads, real OCR, search and the join do with objects what they do on a file."""
    monkeypatch.setenv("DOCUMENTS_IMAGES", str(tmp_path / "images"))
    monkeypatch.setattr("actum.testing.application.PATIENCE", timedelta(seconds=100))
    samples = load_samples()[:3]

    async with testing(app, store=app.store_url(objects_url, f"sqlite:///{tmp_path / 'documents.db'}")) as t:
        for owner, name in (("ada", "Ada Byron"), ("grace", "Grace Hopper")):
            await t.http.post(f"/users/{owner}", json={"name": name, "email": f"{owner}@example.org"})
        ids = {}
        for sample in samples:
            files = {"file": (sample.file_name, sample.content(), "image/png")}
            uploaded = await t.http.post(f"/users/{sample.owner}/documents", files=files)
            ids[sample.file_name] = uploaded.json()["id"]
        await t.settle()
        found = {
            sample.file_name: (await t.http.get("/documents", params={"text": sample.words[0]})).json()
            for sample in samples
        }
        sheets = {name: (await t.http.get(f"/documents/{id}")).json() for name, id in ids.items()}
        history = await t.ctx.history(Document, ids[samples[0].file_name])

    assert {sheet["stage"] for sheet in sheets.values()} == {"read"}
    for sample in samples:
        assert sample.file_name in {entry["file_name"] for entry in found[sample.file_name]}
    assert [type(one.event).__name__ for one in history] == ["DocumentUploaded", "TextRead"]
    assert [one.version for one in history] == [1, 2]
