"""The image store: a directory in which each image is named by the SHA-256 of its bytes.

Events carry only the digest. An image is on disk before the command that names it is sent, so a crash
leaves at most an image that no document names.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from io import BytesIO
from pathlib import Path, PurePosixPath

from PIL import Image

from actum import Rejected
from examples.documents.documents import StoredImage

MAX_IMAGE = 8_000_000
MAX_PIXELS = 40_000_000
MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "MPO": "image/jpeg", "WEBP": "image/webp"}


class ImageMissing(Exception):
    """The store has no image under that digest, or the file there is no longer that image."""


class ImageStore:
    """Keeps images in a directory; the same bytes are kept once."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def __repr__(self) -> str:
        return f"<ImageStore {self.directory}>"

    async def keep(self, content: bytes) -> StoredImage:
        """Checks that the bytes are an image within the limits, and keeps them; raises Rejected otherwise."""
        return await asyncio.to_thread(self._keep, content)

    async def load(self, digest: str) -> bytes:
        """Returns an image's bytes, or raises ImageMissing."""
        return await asyncio.to_thread(self._load, digest)

    def _keep(self, content: bytes) -> StoredImage:
        media_type = media_type_of(content)
        digest = sha256(content).hexdigest()
        path = self._path(digest)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
        return StoredImage(digest, media_type, len(content))

    def _load(self, digest: str) -> bytes:
        try:
            content = self._path(digest).read_bytes()
        except FileNotFoundError as error:
            raise ImageMissing("the image is no longer in the store") from error
        if sha256(content).hexdigest() != digest:
            raise ImageMissing("the image in the store is damaged")
        return content

    def _path(self, digest: str) -> Path:
        return self.directory / digest[:2] / digest


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that it exists completely or not at all, even after a power cut."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def media_type_of(content: bytes) -> str:
    """Checks the image's header, never the type that the sender states; raises Rejected if it is unwanted."""
    if not content:
        raise Rejected("the file is empty", code="empty_file")
    if len(content) > MAX_IMAGE:
        raise Rejected(
            f"the image has {len(content):,} bytes, and may have {MAX_IMAGE:,}",
            code="image_too_large",
            size=len(content),
            limit=MAX_IMAGE,
        )
    try:
        with Image.open(BytesIO(content), formats=("PNG", "JPEG", "WEBP")) as image:
            pixels, format_name = image.width * image.height, image.format
    except Image.DecompressionBombError as error:
        raise too_many_pixels() from error
    except (OSError, SyntaxError, ValueError) as error:
        raise Rejected("the file is not a PNG, JPEG or WebP image", code="not_an_image") from error
    if pixels > MAX_PIXELS:
        raise too_many_pixels()
    return MEDIA_TYPES[format_name or ""]


def too_many_pixels() -> Rejected:
    return Rejected(
        f"the image has more than {MAX_PIXELS:,} pixels", code="too_many_pixels", limit=MAX_PIXELS
    )


def tidy_name(name: str) -> str:
    """Returns the last part of a file name that a browser sent, without unprintable characters."""
    last = PurePosixPath(name.replace("\\", "/")).name
    printable = "".join(letter for letter in last if letter.isprintable()).strip()
    return printable[:200] or "unnamed"


@asynccontextmanager
async def open_images() -> AsyncIterator[ImageStore]:
    """Opens the store in the directory that DOCUMENTS_IMAGES names, or in `images` here."""
    yield ImageStore(Path(os.environ.get("DOCUMENTS_IMAGES", "images")))
