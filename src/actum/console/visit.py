"""Visit, one request to the console as its pages see it: what was asked, by whom, and how to answer."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.exceptions import HTTPException
from msgspec import Struct

from actum.app import App, definition_of
from actum.console.audit import recorded
from actum.console.security.headers import SECURITY_HEADERS
from actum.console.security.tokens import (
    FIELD,
    SESSION_COOKIE,
    comes_from_here,
    is_same,
    session_cookie,
    session_of,
    token_of,
)
from actum.console.shared import Shared
from actum.console.templating import render
from actum.errors import Invalid
from actum.http.lifetime import Lifetime
from actum.model.routes.own_paths import CONSOLE
from actum.operations.page import MAX_PAGE, PAGE
from actum.runtime.catalog import Catalog
from actum.runtime.context.context import Context
from actum.runtime.context.context import session_of as calls_of
from actum.runtime.services import Services
from actum.stores.open import Stores

SAID_COOKIE = "actum-console-said"
"""Carries what an action did to the page that is shown next."""
MAX_SAID = 500
FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 1_000
FORBIDDEN = 403
UNSUPPORTED = 415

AnyRequest = Request[Any, Any, Any]


class Entry(Struct, frozen=True):
    """One entry of the navigation: the name of a page, and its title."""

    name: str
    title: str


class Visit:
    """One request to the console.

    `services` are the parts of the running application, and `stores` its stores, as `operations/` takes them.
    `operator` is who asks. `shared` is what visits have in common.
    """

    def __init__(
        self,
        request: AnyRequest,
        app: App,
        operator: str,
        *,
        lifetime: Lifetime,
        shared: Shared,
        pages: Sequence[Entry],
        page_name: str = "",
    ) -> None:
        context: Context = request.scope["state"]["ctx"]
        self.request: AnyRequest = request
        self.app: App = app
        self.operator: str = operator
        self.pages: Sequence[Entry] = pages
        self.page_name: str = page_name
        self.shared: Shared = shared
        self._lifetime = lifetime
        calls_of(context).act_as_operator(operator)
        self.context: Context = context
        self.services: Services = calls_of(context).services
        self.form: Mapping[str, str] = {}
        self._session = session_of(request.cookies, self.services.clock)
        self._token = token_of(self.services.identity, self._session, operator)

    def __repr__(self) -> str:
        return f"<Visit {self.request.method} {self.request.url.path} by {self.operator}>"

    @property
    def catalog(self) -> Catalog:
        """What the application declares."""
        return definition_of(self.app).catalog

    @property
    def stores(self) -> Stores:
        """The stores, as operations take them."""
        return Stores(self.services.journal, self.services.database, self.services.host)

    def has_page(self, name: str) -> bool:
        """Whether the console has a page of that name."""
        return any(page.name == name for page in self.pages)

    def is_stopping(self) -> bool:
        """Whether the application stops, so that an answer without an end should end."""
        return self._lifetime.is_stopping

    # What was asked

    def part(self, name: str) -> str:
        """Gives a part of the path, such as `{name:str}`."""
        return str(self.request.path_params[name])

    def text(self, name: str, default: str = "") -> str:
        """Gives a parameter of the query; of one that comes twice, the last."""
        found = self.request.query_params.getall(name, [])
        return found[-1].strip() if found else default

    def number(self, name: str, default: int, *, least: int = 0, most: int = 2**62) -> int:
        """Gives a whole number of the query; raises Invalid for anything else."""
        found = self.text(name)
        if not found:
            return default
        digits = found.replace(",", "")
        if not digits.isascii() or not digits.isdecimal() or not least <= int(digits[:20]) <= most:
            raise Invalid(f"{name}={found}: write a number from {least:,} to {most:,}", field=name)
        return int(digits)

    def limit(self) -> int:
        """Gives how many items a page is to have."""
        return self.number("limit", PAGE, least=1, most=MAX_PAGE)

    @property
    def is_refresh(self) -> bool:
        """Whether a page that is open already asks for its newest state."""
        return self.request.headers.get("actum-refresh") == "1"

    async def read_form(self) -> None:
        """Reads the fields of a form; raises HTTPException unless this site's own page has sent it."""
        kind = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != FORM:
            raise HTTPException(f"a form is sent as {FORM}", status_code=UNSUPPORTED)
        body = await self.request.body()
        try:
            fields = parse_qsl(
                body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
            )
        except ValueError as error:
            raise Invalid("the form is not in UTF-8, or has too many fields") from error
        self.form = dict(fields)
        if not comes_from_here(self.request.headers) or not is_same(self.form.get(FIELD, ""), self._token):
            raise HTTPException(
                "the form does not have this session's token, so nothing was done: open the page again, and "
                "send the form from there",
                status_code=FORBIDDEN,
            )

    def recorded(self, action: str, target: str = "", **facts: str) -> AbstractAsyncContextManager[None]:
        """Records that the operator does something to a target, around the block that does it."""
        return recorded(self.services.database, self.operator, action, target, facts)

    # How it is answered

    def url(self, page: str = "", *parts: str, **query: object) -> str:
        """Gives the address of a page; parts are quoted, and a parameter that is None or "" is left out."""
        root = self.request.scope.get("root_path", "")
        path = "/".join([root + CONSOLE, *(quote(part, safe="") for part in (page, *parts) if part)])
        given = {name: value for name, value in query.items() if value not in (None, "")}
        return f"{path}?{urlencode(given)}" if given else path

    def here(self, **changed: object) -> str:
        """Gives the address of this page with other parameters; one that is None or "" is left out."""
        query = {name: self.text(name) for name in self.request.query_params}
        given = {name: value for name, value in {**query, **changed}.items() if value not in (None, "")}
        path = quote(self.request.scope["path"])
        return f"{path}?{urlencode(given)}" if given else path

    def show(self, template: str, status: int = 200, **values: Any) -> Response[Any]:
        """Answers with a page; its template has `visit`, `token`, `said` and these values."""
        # A refresh keeps what was said; the first page that shows it removes the cookie.
        said = self.request.cookies.get(SAID_COOKIE, "")
        known = {"visit": self, "token": self._token, "said": unquote(said)}
        page = render(template, {**known, **values})
        response = Response(page, status_code=status, media_type="text/html", headers={**SECURITY_HEADERS})
        if self._session != self.request.cookies.get(SESSION_COOKIE):
            response.set_cookie(session_cookie(self._session, self.url(), is_secure=self._is_secure))
        if said:
            response.delete_cookie(SAID_COOKIE, path=self.url())
        return response

    def done(self, message: str, to: str) -> Response[Any]:
        """Answers a form with another page, which says what was done."""
        said = Cookie(
            key=SAID_COOKIE,
            value=quote(message[:MAX_SAID]),
            path=self.url(),
            httponly=True,
            samesite="strict",
            secure=self._is_secure,
            max_age=60,
        )
        return self.redirected(to, cookies=[said])

    def redirected(self, to: str, cookies: list[Cookie] | None = None) -> Response[Any]:
        """Answers with the address of another page."""
        headers = {**SECURITY_HEADERS, "Location": to}
        return Response(b"", status_code=303, headers=headers, cookies=cookies or [], media_type="text/html")

    @property
    def _is_secure(self) -> bool:
        return bool(self.request.scope["scheme"] == "https")
