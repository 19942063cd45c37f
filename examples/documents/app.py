"""The application: `actum run examples.documents.app:app`."""

from actum import App
from examples.documents.documents import Document
from examples.documents.images import open_images
from examples.documents.library import Documents, Users
from examples.documents.reader import open_reader
from examples.documents.reading import reading
from examples.documents.users import User
from examples.documents.web import web

app = App(
    "documents",
    entities=[User, Document],
    views=[Users, Documents],
    actions=[web, reading],
    resources=[open_images, open_reader],
)
