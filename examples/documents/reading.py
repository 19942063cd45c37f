"""The actions that turn images into text: at each upload, on request, and for forgotten uploads."""

from msgspec import Struct

from actum import Actions, Context
from examples.documents.documents import PATIENCE, Document, DocumentUploaded
from examples.documents.images import ImageMissing, ImageStore
from examples.documents.library import Documents
from examples.documents.reader import Reader, Unreadable

MAX_SWEPT = 500

reading = Actions()


class ReadAgain(Struct, frozen=True):
    """A message in the queue `readings`."""

    document: str


@reading.on(DocumentUploaded)
async def read_upload(ctx: Context, event: DocumentUploaded, images: ImageStore, reader: Reader) -> None:
    await read(ctx, ctx.event.id, images, reader)


@reading.queue("readings")
async def read_again(ctx: Context, message: ReadAgain, images: ImageStore, reader: Reader) -> None:
    await read(ctx, message.document, images, reader)


@reading.every(minutes=1)
async def sweep(ctx: Context, reader: Reader) -> None:
    """Has uploads that stayed without text read again.

    An upload may be late only because others are read before it. If the reader is idle, its action became a
    dead letter. So the new reading goes through the queue, where it does not wait behind that letter.
    """
    if not reader.is_idle:
        return
    for late in await ctx.view(Documents).waiting_since_before(ctx.now - PATIENCE, MAX_SWEPT):
        if await ctx.entity(Document, late.id).chase():
            await ctx.queue("readings").send(ReadAgain(late.id), key=late.id)


async def read(ctx: Context, id: str, images: ImageStore, reader: Reader) -> None:
    """Reads a document, unless that is done already, as after a restart, and records the outcome.

    A bad image is a fact about the document and is recorded; a failing disk is not, and is retried.
    """
    document = ctx.entity(Document, id)
    image = await document.image_to_read()
    if image is None:
        return
    try:
        result = await reader.read(await images.load(image.digest))
    except (ImageMissing, Unreadable) as error:
        await document.record_failure(str(error))
        return
    if result.text:
        await document.record_text(result.text, result.confidence)
    else:
        await document.record_no_text()
