"""The library: users and documents as tables, joined and searched."""

import unicodedata
from datetime import datetime

from msgspec import Struct

from actum import Recorded, View, query, reducer
from examples.documents.documents import (
    DocumentUploaded,
    ReadingFailed,
    ReadingRequested,
    Stage,
    TextNotFound,
    TextRead,
)
from examples.documents.users import UserRegistered, UserRenamed


class Entry(Struct, frozen=True):
    """A document beside the name of its user; `beginning` is the first part of its text."""

    id: str
    owner: str
    uploaded_by: str
    file_name: str
    stage: Stage
    uploaded_at: datetime
    confidence: float
    beginning: str


class Late(Struct, frozen=True):
    """A document that stayed without text."""

    id: str


class Users(View):
    id: str
    name: str = ""
    email: str = ""

    @reducer
    def registered(self, event: UserRegistered) -> None:
        self.name = event.name
        self.email = event.email

    @reducer
    def renamed(self, event: UserRenamed) -> None:
        self.name = event.name


ENTRIES = """
    SELECT documents.id, documents.owner, users.name AS uploaded_by, documents.file_name, documents.stage,
           documents.uploaded_at, documents.confidence, substr(documents.text, 1, 200) AS beginning
    FROM documents JOIN users ON users.id = documents.owner
"""


class Documents(View, indexes=["owner", "waiting_since"]):
    id: str
    owner: str = ""
    file_name: str = ""
    stage: Stage = Stage.WAITING
    uploaded_at: datetime | None = None
    waiting_since: datetime | None = None
    text: str = ""
    searchable: str = ""
    confidence: float = 0.0

    @reducer
    def uploaded(self, event: DocumentUploaded, recorded: Recorded[DocumentUploaded]) -> None:
        self.owner = event.owner
        self.file_name = event.file_name
        self.uploaded_at = recorded.time
        self.waiting_since = recorded.time

    @reducer
    def reading_requested(self, event: ReadingRequested, recorded: Recorded[ReadingRequested]) -> None:
        self.stage = Stage.WAITING
        self.waiting_since = recorded.time

    @reducer
    def text_read(self, event: TextRead) -> None:
        self.text = event.text
        self.searchable = squeezed(event.text)
        self.confidence = event.confidence
        self.stage = Stage.READ
        self.waiting_since = None

    @reducer
    def text_not_found(self, event: TextNotFound) -> None:
        self.stage = Stage.EMPTY
        self.waiting_since = None

    @reducer
    def reading_failed(self, event: ReadingFailed) -> None:
        self.stage = Stage.FAILED
        self.waiting_since = None

    @query(
        f"{ENTRIES} WHERE documents.searchable LIKE :pattern ESCAPE '!' "
        "ORDER BY documents.uploaded_at DESC, documents.id LIMIT :most"
    )
    def matching(self, pattern: str, most: int) -> list[Entry]: ...

    @query(
        f"{ENTRIES} WHERE documents.owner = :owner "
        "ORDER BY documents.uploaded_at DESC, documents.id LIMIT :most"
    )
    def of(self, owner: str, most: int) -> list[Entry]: ...

    @query("SELECT id FROM documents WHERE waiting_since <= :moment ORDER BY waiting_since, id LIMIT :most")
    def waiting_since_before(self, moment: datetime, most: int) -> list[Late]: ...


def squeezed(text: str) -> str:
    """Normalises text for the search: without case, and without spaces, which OCR adds and loses."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "\n".join("".join(line.split()) for line in folded.splitlines())


def pattern_of(text: str) -> str:
    """Returns the LIKE pattern for text anywhere in a line; an empty text is in every document."""
    wanted = "".join(squeezed(text).split())
    escaped = wanted.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"
