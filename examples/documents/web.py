"""The HTTP API, and the queue through which documents arrive by the hundred."""

from dataclasses import dataclass
from typing import Annotated

from litestar import Response
from litestar.datastructures import UploadFile
from litestar.params import MultipartBody, QueryParameter
from msgspec import Struct

from actum import Actions, Context, NotFound, Rejected
from examples.documents.documents import Document, Receipt, Sheet, StoredImage, document_id
from examples.documents.images import MAX_IMAGE, ImageMissing, ImageStore, tidy_name
from examples.documents.library import Documents, Entry, pattern_of
from examples.documents.reading import ReadAgain
from examples.documents.users import Email, Name, Profile, User

MAX_IN_BULK = 100
MAX_BULK = 200_000_000

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="The most documents to list")]
SearchText = Annotated[
    str, QueryParameter(max_length=200, description="Text to find; case and spaces do not matter")
]

web = Actions()


class Registration(Struct, frozen=True):
    name: Name
    email: Email


class Renaming(Struct, frozen=True):
    name: Name


@dataclass
class Upload:
    """A form with one image."""

    file: UploadFile


@dataclass
class Bulk:
    """A form with many images."""

    files: list[UploadFile]


class Incoming(Struct, frozen=True):
    """A message in the queue `incoming`: an image that is in the store already."""

    owner: str
    file_name: str
    image: StoredImage


class Refusal(Struct, frozen=True):
    """A file that was refused, and why."""

    file_name: str
    code: str
    reason: str


class Intake(Struct, frozen=True):
    """The answer to a bulk upload: the ids of the documents to come, and the files that were refused."""

    accepted: list[str]
    refused: list[Refusal]


@web.post("/users/{id:str}")
async def register_user(ctx: Context, id: str, data: Registration) -> Profile:
    return await ctx.entity(User, id).register(data.name, data.email)


@web.patch("/users/{id:str}")
async def rename_user(ctx: Context, id: str, data: Renaming) -> Profile:
    return await ctx.entity(User, id).rename(data.name)


@web.get("/users/{id:str}")
async def show_user(ctx: Context, id: str) -> Profile:
    return await ctx.entity(User, id).profile()


@web.get("/users/{id:str}/documents")
async def list_documents_of_user(ctx: Context, id: str, limit: Limit = 50) -> list[Entry]:
    await ctx.entity(User, id).profile()
    return await ctx.view(Documents).of(id, limit)


@web.post("/users/{id:str}/documents", request_max_body_size=2 * MAX_IMAGE)
async def upload_document(
    ctx: Context,
    id: str,
    data: MultipartBody[Upload],
    images: ImageStore,
) -> Receipt:
    """Takes one image in; its text follows later."""
    await ctx.entity(User, id).profile()
    image = await images.keep(await data.file.read())
    return await ctx.entity(Document, document_id(id, image.digest)).upload(
        id, tidy_name(data.file.filename), image
    )


@web.post("/users/{id:str}/documents/bulk", status_code=202, request_max_body_size=MAX_BULK)
async def upload_in_bulk(
    ctx: Context,
    id: str,
    data: MultipartBody[Bulk],
    images: ImageStore,
) -> Intake:
    """Stores many images and puts them in the queue; a bad file among them does not stop the others."""
    await ctx.entity(User, id).profile()
    if len(data.files) > MAX_IN_BULK:
        raise Rejected(
            f"{len(data.files)} files at once, and at most {MAX_IN_BULK} are allowed",
            code="too_many_files",
            limit=MAX_IN_BULK,
        )
    accepted: list[str] = []
    refused: list[Refusal] = []
    for file in data.files:
        name = tidy_name(file.filename)
        try:
            image = await images.keep(await file.read())
        except Rejected as refusal:
            refused.append(Refusal(name, refusal.code, str(refusal)))
            continue
        document = document_id(id, image.digest)
        await ctx.queue("incoming").send(Incoming(id, name, image), key=document)
        accepted.append(document)
    return Intake(accepted, refused)


@web.queue("incoming")
async def take_in(ctx: Context, message: Incoming) -> None:
    await ctx.entity(User, message.owner).profile()
    document = ctx.entity(Document, document_id(message.owner, message.image.digest))
    await document.upload(message.owner, message.file_name, message.image)


@web.get("/documents")
async def find_documents(ctx: Context, text: SearchText = "", limit: Limit = 50) -> list[Entry]:
    """Finds documents by their text, the latest upload first."""
    return await ctx.view(Documents).matching(pattern_of(text), limit)


@web.get("/documents/{id:str}")
async def show_document(ctx: Context, id: str) -> Sheet:
    return await ctx.entity(Document, id).sheet()


@web.get("/documents/{id:str}/image")
async def show_image(ctx: Context, id: str, images: ImageStore) -> Response[bytes]:
    sheet = await ctx.entity(Document, id).sheet()
    try:
        content = await images.load(sheet.image.digest)
    except ImageMissing as error:
        raise NotFound(str(error)) from error
    return Response(content, media_type=sheet.image.media_type)


@web.post("/documents/{id:str}/readings", status_code=202)
async def request_reading(ctx: Context, id: str) -> Receipt:
    """Has a document read again if its reading failed or found no text."""
    document = ctx.entity(Document, id)
    await document.request_reading()
    await ctx.queue("readings").send(ReadAgain(id), key=id)
    return Receipt(id, (await document.sheet()).stage, is_new=False)
