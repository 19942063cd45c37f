"""The documentation that an application serves: its OpenAPI document, and a page that shows it.

The page is Swagger UI, which is part of the package: no browser has to load it from another host.
"""

import html
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from litestar import Request, Response, Router, get
from litestar._openapi.plugin import handle_schema_path_not_found
from litestar.enums import MediaType
from litestar.exceptions import NotFoundException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.params import FromPath

from actum.http.openapi.document import header_parameters
from actum.http.openapi.responses import with_response_headers

DEFAULT_PATH = "/schema"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page may load only what this application serves. Swagger UI sets styles in elements."""

ASSETS = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "start.js": "text/javascript",
    "LICENSE": "text/plain",
    "NOTICE": "text/plain",
}
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="{place}/page/swagger-ui.css">
<link rel="icon" href="data:,">
</head>
<body>
<noscript><p><a href="{place}/openapi.json">{title} as OpenAPI</a></p></noscript>
<div id="page" data-document="{place}/openapi.json"></div>
<script src="{place}/page/swagger-ui-bundle.js"></script>
<script src="{place}/page/start.js"></script>
</body>
</html>
"""


class DocumentationPage(OpenAPIRenderPlugin):
    """The page that shows the routes, below the path where the application is mounted."""

    def __init__(self, place: str) -> None:
        super().__init__(path="/swagger", media_type=MediaType.HTML)
        self._place = place

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Gives the page."""
        place = html.escape(f"{request.scope.get('root_path', '')}{self._place}")
        return PAGE.format(title=html.escape(openapi_schema["info"]["title"]), place=place).encode()


class SchemaFile(JsonRenderPlugin):
    """The document as JSON, below the path where the application is mounted."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Gives the document."""
        servers = [{"url": request.scope.get("root_path") or "/"}]
        return super().render(request, {**with_response_headers(openapi_schema), "servers": servers})


class DocumentationRouter(Router):
    """The paths of the documentation, and no others below it.

    Litestar would answer every other one with a page of HTML.
    """

    def register(self, value: Any) -> Any:
        """Adds a handler."""
        if getattr(value, "fn", None) is handle_schema_path_not_found:
            return []
        return super().register(value)


def openapi_config(
    name: str, place: str, security_schemes: Mapping[str, SecurityScheme], opt: Mapping[str, Any]
) -> OpenAPIConfig:
    """Documents an application at a path, and as JSON at /openapi.json below it.

    `opt` are options of the handlers of both.
    """
    headers = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
    router = DocumentationRouter(
        place, route_handlers=[asset], include_in_schema=False, response_headers=headers, opt=opt
    )
    page = DocumentationPage(place)
    return OpenAPIConfig(
        title=name,
        version="1",
        use_handler_docstrings=True,
        components=Components(
            parameters=header_parameters(),
            security_schemes={**security_schemes} or None,
        ),
        render_plugins=[page, SchemaFile()],
        path=place,
        openapi_router=router,
    )


@get("/page/{name:str}", sync_to_thread=False, include_in_schema=False)
def asset(name: FromPath[str]) -> Response[bytes]:
    """Gives a file of the page."""
    if name not in ASSETS:
        raise NotFoundException
    return Response(_read(name), media_type=ASSETS[name], headers={"Cache-Control": "max-age=3600"})


@cache
def _read(name: str) -> bytes:
    return files("actum.http.openapi").joinpath("swagger_ui", name).read_bytes()
