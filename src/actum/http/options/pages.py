"""Pages over HTTP: the parameters by which a request asks for one, and the link to the page after it."""

from collections.abc import Callable, Coroutine, Sequence
from inspect import Parameter
from typing import Annotated, Any, get_origin
from urllib.parse import parse_qsl, urlencode

from litestar.params import QueryParameter
from litestar.types import Scope

from actum.errors import DefinitionError
from actum.model.action import Bound
from actum.model.rows.page import MAX_PAGE_SIZE, MAX_TOKEN, PAGE_SIZE, Page, PageRequest
from actum.ports.journal import StreamInfo
from actum.runtime.context.context import session_of

Handler = Callable[..., Coroutine[Any, Any, Any]]

AFTER, SIZE, TOTAL = "after", "size", "total"
AUTHORS = frozenset({AFTER, SIZE, TOTAL, "page", "limit"})
"""An action with one of these parameters asks for its pages itself."""
READING = frozenset({"GET", "HEAD"})
PARAMETERS = (
    Parameter(
        AFTER,
        Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[
            str | None,
            QueryParameter(
                description="The `next` of the page before: asks for the page after it.",
                min_length=1,
                max_length=MAX_TOKEN,
            ),
        ],
    ),
    Parameter(
        SIZE,
        Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[
            int | None,
            QueryParameter(
                description=f"How many items the page has at most; {PAGE_SIZE} unless the route says more.",
                ge=1,
                le=MAX_PAGE_SIZE,
            ),
        ],
    ),
    Parameter(
        TOTAL,
        Parameter.KEYWORD_ONLY,
        default=False,
        annotation=Annotated[
            bool, QueryParameter(description="Whether to count the items of all pages, as `total`.")
        ],
    ),
)


def answer_of(returns: Any) -> Any:
    """Returns the annotation of an answer; a Page alone is one of entities."""
    return Page[StreamInfo] if returns is Page else returns


def is_page(returns: Any) -> bool:
    """Whether an action answers with a page."""
    return returns is Page or get_origin(returns) is Page


def page_parameters(bound: Bound, returns: Any, parameters: Sequence[Parameter]) -> Sequence[Parameter]:
    """Returns the parameters by which a request asks for a page, where its action does not ask itself.

    Raises DefinitionError for an exposed query that has a parameter of the same name.
    """
    if not is_page(returns):
        return ()
    names = {parameter.name for parameter in parameters}
    if bound.exposes is None:
        return () if names & AUTHORS else PARAMETERS
    for taken in sorted(names & {AFTER, SIZE, TOTAL}):
        raise DefinitionError(
            f"{bound.name}: its parameter {taken!r} would mean two things, because the address of a page has "
            f"{AFTER}, {SIZE} and {TOTAL}: rename it, or write the action"
        )
    return PARAMETERS


def asking_for_page(answer: Handler) -> Handler:
    """Returns a handler whose query gives the page that the request asks for, and which links to the next."""

    async def answer_page(scope: Scope, **arguments: Any) -> Any:
        session = session_of(scope["state"]["ctx"])
        session.page_request = PageRequest(arguments.pop(AFTER), arguments.pop(SIZE), arguments.pop(TOTAL))
        found = await answer(scope, **arguments)
        session.link = link_to_next(scope, found)
        return found

    return answer_page


def link_to_next(scope: Scope, answer: Any) -> bytes | None:
    """Returns the Link to the page after an answer (RFC 8288), relative to the request's address."""
    if not isinstance(answer, Page) or answer.next is None or scope.get("method") not in READING:
        return None
    asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    query = urlencode([*(pair for pair in asked if pair[0] != AFTER), (AFTER, answer.next)])
    return f'<?{query}>; rel="next"'.encode()
