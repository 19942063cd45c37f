"""Page, what one page of the console declares: its name, its title and its addresses."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from litestar import Response
from msgspec import Struct

from actum.console.visit import Visit

Answer = Callable[[Visit], Awaitable[Response[Any]]]


class Route(Struct, frozen=True):
    """An address of a page, below `/-/console/NAME`, and the function that answers there.

    A POST reaches its function only with the token of the session; `visit.form` has its fields.
    """

    method: Literal["GET", "POST"]
    path: str
    answer: Answer


class Page(Struct, frozen=True):
    """One page of the console, with its addresses; `title` is what the navigation shows."""

    name: str
    title: str
    routes: tuple[Route, ...]


def get(path: str, answer: Answer) -> Route:
    """Declares an address that shows something."""
    return Route("GET", path, answer)


def post(path: str, answer: Answer) -> Route:
    """Declares an address that does something; it records what, in `async with visit.recorded(…)`."""
    return Route("POST", path, answer)
