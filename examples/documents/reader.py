"""The reader: real OCR, one image at a time, in its own thread, so that the event loop does not wait."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from io import BytesIO

from msgspec import Struct
from PIL import Image, ImageOps
from rapidocr_onnxruntime import RapidOCR

from examples.documents.documents import MAX_TEXT


class Reading(Struct, frozen=True):
    """What was read: the text, line by line ("" if there is none), and the mean confidence, from 0 to 1."""

    text: str
    confidence: float


class Unreadable(Exception):
    """The image cannot be read: the same bytes would fail again."""


class Reader:
    """Reads images in the order in which they are requested."""

    def __init__(self, engine: RapidOCR, thread: ThreadPoolExecutor) -> None:
        self._engine = engine
        self._thread = thread
        self._asked = 0

    def __repr__(self) -> str:
        return f"<Reader with {self._asked} to read>"

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being read or waiting for it."""
        return self._asked == 0

    async def read(self, content: bytes) -> Reading:
        """Returns the text of an image, or raises Unreadable."""
        self._asked += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, content)
        finally:
            self._asked -= 1

    def _read(self, content: bytes) -> Reading:
        try:
            lines, _ = self._engine(upright(content))  # pyright: ignore[reportArgumentType] (Pillow too)
        except MemoryError:
            raise
        except Exception as error:
            raise Unreadable(f"the image cannot be read: {error}") from error
        if not lines:
            return Reading("", 0.0)
        text = "\n".join(str(text) for _, text, _ in lines)
        confidence = sum(float(confidence) for _, _, confidence in lines) / len(lines)
        return Reading(text[:MAX_TEXT], round(min(confidence, 1.0), 3))


def upright(content: bytes) -> Image.Image:
    """Decodes an image as a person sees it: rotated as its camera says, on white where it is transparent."""
    with Image.open(BytesIO(content)) as image:
        turned = ImageOps.exif_transpose(image)
        if not turned.has_transparency_data:
            return turned.convert("RGB")
        layer = turned.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


@asynccontextmanager
async def open_reader() -> AsyncIterator[Reader]:
    """Loads the models once, and at the end waits for the current image."""
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader")
    try:
        yield Reader(await asyncio.get_running_loop().run_in_executor(thread, RapidOCR), thread)
    finally:
        await asyncio.to_thread(thread.shutdown, cancel_futures=True)
