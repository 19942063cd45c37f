"""The documents example: what its users are promised, through HTTP, with real images."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from actum import App, Context, Rejected
from actum.testing import testing
from examples.documents.app import app
from examples.documents.demo import Finding, table_of
from examples.documents.documents import Document
from examples.documents.images import ImageMissing, ImageStore, open_images, tidy_name
from examples.documents.library import Documents, Users
from examples.documents.reader import Reader, Reading, Unreadable, open_reader
from examples.documents.reading import reading
from examples.documents.samples import load_samples
from examples.documents.users import User
from examples.documents.web import web

ADA = {"name": "Ada Byron", "email": "ada@example.org"}
GRACE = {"name": "Grace Hopper", "email": "grace@example.org"}


class ScriptedReader(Reader):
    """Answers as it is told to, one answer for each image and the last one for all further images."""

    def __init__(self, *script: Reading | Exception) -> None:
        self.script = list(script)
        self.has_backlog = False
        self.asked = 0

    @property
    def is_idle(self) -> bool:
        return not self.has_backlog

    async def read(self, content: bytes) -> Reading:
        self.asked += 1
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class EndlessReader(Reader):
    """Never comes to an end with the image in hand."""

    def __init__(self) -> None:
        self.has_begun = asyncio.Event()

    async def read(self, content: bytes) -> Reading:
        self.has_begun.set()
        await asyncio.Event().wait()
        raise AssertionError


def app_with(reader: Reader) -> App:
    """The application with another reader."""

    @asynccontextmanager
    async def open_other_reader() -> AsyncIterator[Reader]:
        yield reader

    return App(
        "documents",
        entities=[User, Document],
        views=[Users, Documents],
        actions=[web, reading],
        resources=[open_images, open_other_reader],
    )


def picture(text: str = "", *, size: tuple[int, int] = (400, 120)) -> bytes:
    """A PNG with one line of text."""
    image = Image.new("L", size, 255)
    ImageDraw.Draw(image).text((20, 30), text, fill=0, font=ImageFont.load_default(40))
    return encoded(image)


def encoded(image: Image.Image, format_name: str = "PNG") -> bytes:
    file = BytesIO()
    image.save(file, format_name)
    return file.getvalue()


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture(autouse=True)
def images_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "images"
    monkeypatch.setenv("DOCUMENTS_IMAGES", str(folder))
    return folder


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets real OCR take its time on a slow machine."""
    monkeypatch.setattr("actum.testing.application.PATIENCE", timedelta(seconds=100))


async def upload(t: Any, content: bytes, *, owner: str = "ada", name: str = "scan.png") -> Any:
    return await t.http.post(f"/users/{owner}/documents", files={"file": (name, content, "image/png")})


async def stage_of(t: Any, id: str) -> str:
    return str((await t.http.get(f"/documents/{id}")).json()["stage"])


@pytest.mark.slow
async def test_every_sample_is_found_by_each_of_its_words() -> None:
    """Real OCR reads every shipped image well enough for the search, and the join names its user."""
    samples = load_samples()
    names = {"ada": "Ada Byron", "grace": "Grace Hopper"}

    async with testing(app) as t:
        await t.http.post("/users/ada", json=ADA)
        await t.http.post("/users/grace", json=GRACE)
        for sample in samples:
            await upload(t, sample.content(), owner=sample.owner, name=sample.file_name)
        await t.settle()

        for sample in samples:
            for word in sample.words:
                entries = (await t.http.get("/documents", params={"text": word})).json()
                found = [(entry["file_name"], entry["uploaded_by"], entry["stage"]) for entry in entries]
                assert (sample.file_name, names[sample.owner], "read") in found, word


@pytest.mark.slow
async def test_a_bulk_upload_takes_in_what_is_good_and_names_what_is_not() -> None:
    files = [
        ("files", ("first.png", picture("alpha"), "image/png")),
        ("files", ("notes.txt", b"no image", "image/png")),
        ("files", ("last.png", picture("omega"), "image/png")),
    ]

    async with testing(app) as t:
        await t.http.post("/users/ada", json=ADA)
        response = await t.http.post("/users/ada/documents/bulk", files=files)
        await t.settle()
        entries = (await t.http.get("/users/ada/documents")).json()

    assert response.status_code == 202
    assert [(refused["file_name"], refused["code"]) for refused in response.json()["refused"]] == [
        ("notes.txt", "not_an_image")
    ]
    assert {entry["id"] for entry in entries} == set(response.json()["accepted"])
    assert {entry["file_name"]: entry["beginning"] for entry in entries} == {
        "first.png": "alpha",
        "last.png": "omega",
    }


@pytest.mark.slow
async def test_an_image_without_text_is_empty() -> None:
    async with testing(app) as t:
        await t.http.post("/users/ada", json=ADA)
        receipt = (await upload(t, picture())).json()
        await t.settle()

        assert await stage_of(t, receipt["id"]) == "empty"


@pytest.mark.slow
async def test_an_image_that_is_cut_off_has_failed_and_is_not_read_for_ever() -> None:
    """Its header is good, so it is taken in; what OCR says of it is a fact, not an error of the action."""
    whole = load_samples()[0].content()

    async with testing(app) as t:
        await t.http.post("/users/ada", json=ADA)
        receipt = (await upload(t, whole[: len(whole) // 2])).json()
        await t.settle()
        sheet = (await t.http.get(f"/documents/{receipt['id']}")).json()
        history = await t.ctx.history(Document, receipt["id"])

    assert sheet["stage"] == "failed"
    assert sheet["reason"].startswith("the image cannot be read: ")
    assert [type(recorded.event).__name__ for recorded in history] == ["DocumentUploaded", "ReadingFailed"]


@pytest.mark.slow
async def test_transparency_palettes_and_rotation_do_not_matter() -> None:
    opaque = Image.open(BytesIO(picture("walnut")))
    layer = Image.new("RGBA", opaque.size, (0, 0, 0, 0))
    layer.putalpha(opaque.point(lambda level: 255 - level))
    turned = Image.Exif()
    turned[0x0112] = 6
    photo = BytesIO()
    opaque.rotate(90, expand=True).save(photo, "JPEG", exif=turned)

    async with open_reader() as reader:
        readings = [
            await reader.read(encoded(layer)),
            await reader.read(encoded(opaque.convert("P"))),
            await reader.read(encoded(opaque.convert("1"))),
            await reader.read(encoded(opaque.convert("RGB"), "WEBP")),
            await reader.read(photo.getvalue()),
        ]

    assert [found.text for found in readings] == ["walnut"] * 5


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"just a text", "not_an_image"),
        (encoded(Image.new("L", (9, 9)), "GIF"), "not_an_image"),
        (picture("big")[:200] + bytes(8_000_001), "image_too_large"),
        (encoded(Image.new("1", (8_000, 6_000))), "too_many_pixels"),
    ],
    ids=["empty", "text", "gif", "large", "wide"],
)
async def test_what_is_not_an_image_within_the_limits_is_refused(
    content: bytes, code: str, images_folder: Path
) -> None:
    async with testing(app_with(ScriptedReader(Reading("", 0.0)))) as t:
        await t.http.post("/users/ada", json=ADA)
        response = await upload(t, content)
        entries = (await t.http.get("/documents")).json()

    assert response.status_code == 422
    assert response.json()["code"] == code
    assert entries == []
    assert files_in(images_folder) == []


async def test_an_upload_for_an_unknown_user_is_not_found_and_keeps_nothing(images_folder: Path) -> None:
    async with testing(app_with(ScriptedReader(Reading("", 0.0)))) as t:
        response = await upload(t, picture("x"), owner="nobody")

    assert response.status_code == 404
    assert "nobody" in response.json()["detail"]
    assert files_in(images_folder) == []


async def test_the_same_image_again_is_the_same_document() -> None:
    async with testing(app_with(ScriptedReader(Reading("cedar", 0.9)))) as t:
        await t.http.post("/users/ada", json=ADA)
        await t.http.post("/users/grace", json=GRACE)

        first = (await upload(t, picture("x"), name="a.png")).json()
        again = (await upload(t, picture("x"), name="b.png")).json()
        other = (await upload(t, picture("x"), owner="grace")).json()
        await t.settle()
        entries = (await t.http.get("/documents", params={"text": "cedar"})).json()

    assert (again["id"], first["is_new"], again["is_new"]) == (first["id"], True, False)
    assert (other["is_new"], other["id"] != first["id"]) == (True, True)
    assert {(entry["uploaded_by"], entry["file_name"]) for entry in entries} == {
        ("Ada Byron", "a.png"),
        ("Grace Hopper", "scan.png"),
    }


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("GREEN wood", True),
        ("greenwood", True),
        ("50% off", True),
        ("", True),
        ("off total", False),
        ("5%ff", False),
        ("gr__n", False),
        ("!", False),
    ],
)
async def test_the_search_ignores_case_and_spaces_and_knows_no_wildcards(text: str, is_found: bool) -> None:
    async with testing(app_with(ScriptedReader(Reading("Green  Wood\n50% off\ntotal", 0.9)))) as t:
        await t.http.post("/users/ada", json=ADA)
        await upload(t, picture("x"))
        await t.settle()

        entries = (await t.http.get("/documents", params={"text": text})).json()

    assert [entry["uploaded_by"] for entry in entries] == (["Ada Byron"] if is_found else [])


async def test_the_joined_answer_carries_the_name_that_the_user_has_today() -> None:
    async with testing(app_with(ScriptedReader(Reading("cedar", 0.9)))) as t:
        await t.http.post("/users/ada", json=ADA)
        await upload(t, picture("x"))
        await t.http.patch("/users/ada", json={"name": "Ada Lovelace"})
        await t.settle()

        entries = (await t.http.get("/documents", params={"text": "cedar"})).json()

    assert [entry["uploaded_by"] for entry in entries] == ["Ada Lovelace"]


async def test_before_anything_was_uploaded_the_answers_are_empty() -> None:
    async with testing(app_with(ScriptedReader(Reading("", 0.0)))) as t:
        await t.http.post("/users/ada", json=ADA)

        assert (await t.http.get("/documents")).json() == []
        assert (await t.http.get("/users/ada/documents")).json() == []
        assert (await t.http.get("/users/grace/documents")).status_code == 404
        assert (await t.http.get("/documents/ada-0")).status_code == 404
        assert (await t.http.get("/documents/ada-0/image")).status_code == 404
        assert (await t.http.post("/documents/ada-0/readings")).status_code == 404


async def test_requests_beyond_the_limits_are_bad_requests() -> None:
    async with testing(app_with(ScriptedReader(Reading("", 0.0)))) as t:
        await t.http.post("/users/ada", json=ADA)

        responses = [
            await t.http.get("/documents", params={"limit": 0}),
            await t.http.get("/documents", params={"limit": 201}),
            await t.http.get("/documents", params={"text": "x" * 201}),
            await t.http.post("/users/ada/documents", files={"other": ("a.png", picture("x"), "image/png")}),
            await t.http.post("/users/bob", json={"name": "", "email": "bob@example.org"}),
            await t.http.post("/users/bob", json={"name": "Bob", "email": "nowhere"}),
        ]
        no_file = await t.http.post("/users/ada/documents", data={"file": "no file"})

    assert [response.status_code for response in responses] == [400] * len(responses)
    assert no_file.status_code == 415


async def test_a_user_id_belongs_to_whoever_was_first() -> None:
    async with testing(app_with(ScriptedReader(Reading("", 0.0)))) as t:
        first = await t.http.post("/users/ada", json=ADA)
        again = await t.http.post("/users/ada", json=ADA)
        other = await t.http.post("/users/ada", json=GRACE)
        odd = await t.http.post("/users/Ada!", json=ADA)

    assert (first.status_code, again.json()) == (201, first.json())
    assert (other.status_code, other.json()["code"]) == (422, "user_id_taken")
    assert (odd.status_code, odd.json()["code"]) == (422, "bad_user_id")


async def test_the_image_comes_back_as_it_was_sent() -> None:
    content = encoded(Image.new("L", (9, 9), 77), "JPEG")

    async with testing(app_with(ScriptedReader(Reading("", 0.0)))) as t:
        await t.http.post("/users/ada", json=ADA)
        receipt = (await upload(t, content, name="called.png")).json()
        response = await t.http.get(f"/documents/{receipt['id']}/image")

    assert response.content == content
    assert response.headers["content-type"] == "image/jpeg"


async def test_a_document_that_failed_can_be_read_again_once_its_image_is_back(images_folder: Path) -> None:
    reader = ScriptedReader(Unreadable("too dark"), Reading("cedar", 0.9))

    async with testing(app_with(reader)) as t:
        await t.http.post("/users/ada", json=ADA)
        id = (await upload(t, picture("x"))).json()["id"]
        await t.settle()
        dark = (await t.http.get(f"/documents/{id}")).json()
        shutil.rmtree(images_folder)
        response = await t.http.post(f"/documents/{id}/readings")
        await t.settle()
        missing = (await t.http.get(f"/documents/{id}")).json()
        await upload(t, picture("x"))
        await t.http.post(f"/documents/{id}/readings")
        await t.settle()
        mended = (await t.http.get(f"/documents/{id}")).json()
        refused = await t.http.post(f"/documents/{id}/readings")

    assert (dark["stage"], dark["reason"]) == ("failed", "too dark")
    assert (response.status_code, response.json()["stage"]) == (202, "waiting")
    assert (missing["stage"], missing["reason"]) == ("failed", "the image is no longer in the store")
    assert (mended["stage"], mended["reason"], mended["text"]) == ("read", "", "cedar")
    assert (refused.status_code, refused.json()["code"]) == (422, "already_read")


async def test_the_sweep_has_uploads_read_again_that_were_left_behind() -> None:
    """A failing disk is no fact about the document: the action's retries end, and the sweep goes round it."""
    reader = ScriptedReader(*[OSError("the disk is gone")] * 5, Reading("cedar", 0.9))

    async with testing(app_with(reader)) as t:
        await t.http.post("/users/ada", json=ADA)
        receipt = (await upload(t, picture("x"))).json()
        await t.advance(minutes=9)
        before = await stage_of(t, receipt["id"])
        await t.advance(minutes=2)
        await t.settle(allows_failures=True)
        after = await stage_of(t, receipt["id"])

    assert (before, after) == ("waiting", "read")


async def test_the_sweep_gives_an_upload_up_in_the_end() -> None:
    async with testing(app_with(ScriptedReader(OSError("the disk is gone")))) as t:
        await t.http.post("/users/ada", json=ADA)
        receipt = (await upload(t, picture("x"))).json()
        for _ in range(4):
            await t.advance(minutes=11)
            await t.settle(allows_failures=True)
        sheet = (await t.http.get(f"/documents/{receipt['id']}")).json()

    assert (sheet["stage"], sheet["reason"]) == (
        "failed",
        "there was no text after 3 readings were asked for",
    )


async def test_the_sweep_leaves_uploads_alone_while_others_are_being_read() -> None:
    reader = ScriptedReader(OSError("the disk is gone"))
    reader.has_backlog = True

    async with testing(app_with(reader)) as t:
        await t.http.post("/users/ada", json=ADA)
        receipt = (await upload(t, picture("x"))).json()
        await t.advance(hours=2)
        await t.settle(allows_failures=True)
        history = await t.ctx.history(Document, receipt["id"])

    assert [type(recorded.event).__name__ for recorded in history] == ["DocumentUploaded"]


async def test_a_restart_in_the_middle_of_reading_loses_no_document(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'documents.db'}"
    endless = EndlessReader()

    async with app_with(endless).running(store=store) as ctx:
        await ctx.entity(User, "ada").register("Ada Byron", "ada@example.org")
        image = await ImageStore(tmp_path / "images").keep(picture("x"))
        await ctx.entity(Document, "ada-1").upload("ada", "scan.png", image)
        await asyncio.wait_for(endless.has_begun.wait(), 60)

    async with app_with(ScriptedReader(Reading("cedar", 0.9))).running(store=store) as ctx:
        text = await text_of(ctx, "ada-1")

    assert text == "cedar"


async def text_of(ctx: Context, id: str) -> str:
    async with asyncio.timeout(60):
        while not (sheet := await ctx.entity(Document, id).sheet()).text:  # noqa: ASYNC110 (an action is to do it)
            await asyncio.sleep(0.02)
    return sheet.text


async def test_the_store_keeps_the_same_bytes_once_and_leaves_no_drafts(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)

    first = await store.keep(picture("x"))
    again = await store.keep(picture("x"))

    assert first == again
    assert await store.load(first.digest) == picture("x")
    assert files_in(tmp_path) == [first.digest]


async def test_the_store_never_gives_another_image_than_the_one_that_was_kept(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    kept = await store.keep(picture("x"))
    (tmp_path / kept.digest[:2] / kept.digest).write_bytes(picture("y"))

    with pytest.raises(ImageMissing, match="damaged"):
        await store.load(kept.digest)
    with pytest.raises(ImageMissing, match="no longer"):
        await store.load("0" * 64)
    with pytest.raises(Rejected, match="empty"):
        await store.keep(b"")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\scans\\a.png", "a.png"),
        ("../../etc/passwd", "passwd"),
        ("", "unnamed"),
        ("..", ".."),
        ("a\x00b\n.png", "ab.png"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_file_name_is_only_a_name(sent: str, kept: str) -> None:
    assert tidy_name(sent) == kept


def test_the_table_says_which_words_were_not_found() -> None:
    sample = load_samples()[0]

    cells = [str(cell) for cell in table_of([Finding(sample, {}, sample.words[1:])]).columns[2].cells]

    assert f"[green]{sample.words[0]}[/]" in cells[0]
    assert f"[red]not {sample.words[1]}[/]" in cells[0]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_demo_finds_every_document_and_ends() -> None:
    demo = [sys.executable, "-m", "examples.documents", "--once", "--port", "0"]

    done = subprocess.run(demo, capture_output=True, text=True, timeout=280, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every document was found by its words." in done.stdout
