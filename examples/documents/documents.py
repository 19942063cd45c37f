"""Documents: one for each image that a user uploaded, from upload to text."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from actum import Entity, Event, NotFound, Rejected, command, query, reducer

# How long an upload may stay without text before it is read again, and how many readings it gets.
PATIENCE = timedelta(minutes=10)
READINGS = 3

MAX_TEXT = 100_000

FileName = Annotated[str, Meta(min_length=1, max_length=200)]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
MediaType = Annotated[str, Meta(pattern="^image/")]
Text = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
Share = Annotated[float, Meta(ge=0, le=1)]


class StoredImage(Struct, frozen=True):
    """An image in the image store: the SHA-256 of its bytes, which is its name there, and their number."""

    digest: Digest
    media_type: MediaType
    size: Annotated[int, Meta(gt=0)]


class DocumentUploaded(Event):
    owner: str
    file_name: str
    image: StoredImage


class TextRead(Event):
    """The image holds this text; `confidence` is the reader's own, from 0 to 1."""

    text: str
    confidence: float


class TextNotFound(Event):
    """The image was read, and has no text in it."""


class ReadingFailed(Event):
    reason: str


class ReadingRequested(Event):
    """The image is to be read again; `attempt` counts its readings, from 1 again when a user asks."""

    attempt: int


class Stage(StrEnum):
    """How far the reading of a document has come."""

    WAITING = "waiting"
    READ = "read"
    EMPTY = "empty"
    FAILED = "failed"


class Receipt(Struct, frozen=True):
    """The answer to an upload; `is_new` is false if this user had uploaded the same image before."""

    id: str
    stage: Stage
    is_new: bool


class Sheet(Struct, frozen=True):
    """Everything about one document; `reason` says why its reading failed."""

    id: str
    owner: str
    file_name: str
    image: StoredImage
    stage: Stage
    text: str
    confidence: float
    reason: str


def document_id(owner: str, digest: str) -> str:
    """Returns the same id for the same user and image, so that a second upload finds the first."""
    return f"{owner}-{digest[:16]}"


class Document(Entity):
    """One user's copy of one image."""

    owner: str = ""
    file_name: str = ""
    image: StoredImage | None = None
    stage: Stage = Stage.WAITING
    text: str = ""
    confidence: float = 0.0
    reason: str = ""
    attempt: int = 0
    waiting_since: datetime | None = None

    @command
    def upload(self, owner: str, file_name: FileName, image: StoredImage) -> Receipt:
        """Takes an image in; the same image again changes nothing."""
        is_new = not self.exists
        if is_new:
            self.emit(DocumentUploaded(owner, file_name, image))
        elif self.owner != owner or self.image is None or self.image.digest != image.digest:
            raise Rejected(f"the id {self.id!r} belongs to another image", code="document_id_taken")
        return Receipt(self.id, self.stage, is_new)

    @command
    def record_text(self, text: Text, confidence: Share) -> None:
        self._must_exist()
        if self.stage is not Stage.READ:
            self.emit(TextRead(text, confidence))

    @command
    def record_no_text(self) -> None:
        self._must_exist()
        if self.stage is Stage.WAITING:
            self.emit(TextNotFound())

    @command
    def record_failure(self, reason: str) -> None:
        self._must_exist()
        if self.stage is Stage.WAITING:
            self.emit(ReadingFailed(reason))

    @command
    def request_reading(self) -> None:
        """Has an image without text read again; one that is waiting keeps waiting."""
        self._must_exist()
        if self.stage is Stage.READ:
            raise Rejected("the document has been read already", code="already_read")
        if self.stage is not Stage.WAITING:
            self.emit(ReadingRequested(1))

    @command
    def chase(self) -> bool:
        """Requests another reading of an upload without text; after the last one it has failed."""
        self._must_exist()
        if self.waiting_since is None or self.now - self.waiting_since < PATIENCE:
            return False
        if self.attempt >= READINGS:
            self.emit(ReadingFailed(f"there was no text after {self.attempt} readings were asked for"))
            return False
        self.emit(ReadingRequested(self.attempt + 1))
        return True

    @query
    def image_to_read(self) -> StoredImage | None:
        """Returns the image while its text is wanted, so that finished work is not repeated."""
        return self.image if self.stage is Stage.WAITING else None

    @query
    def sheet(self) -> Sheet:
        """Raises NotFound if there is no such document."""
        self._must_exist()
        assert self.image is not None
        return Sheet(
            self.id,
            self.owner,
            self.file_name,
            self.image,
            self.stage,
            self.text,
            self.confidence,
            self.reason,
        )

    @reducer
    def uploaded(self, event: DocumentUploaded) -> None:
        self.owner = event.owner
        self.file_name = event.file_name
        self.image = event.image
        self._wait(1)

    @reducer
    def reading_requested(self, event: ReadingRequested) -> None:
        self.reason = ""
        self._wait(event.attempt)

    @reducer
    def text_read(self, event: TextRead) -> None:
        self.text = event.text
        self.confidence = event.confidence
        self.reason = ""
        self._end(Stage.READ)

    @reducer
    def text_not_found(self, event: TextNotFound) -> None:
        self._end(Stage.EMPTY)

    @reducer
    def reading_failed(self, event: ReadingFailed) -> None:
        self.reason = event.reason
        self._end(Stage.FAILED)

    def _wait(self, attempt: int) -> None:
        self.stage = Stage.WAITING
        self.attempt = attempt
        self.waiting_since = self.now

    def _end(self, stage: Stage) -> None:
        self.stage = stage
        self.waiting_since = None

    def _must_exist(self) -> None:
        if not self.exists:
            raise NotFound(f"there is no document {self.id!r}")
