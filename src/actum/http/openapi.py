"""How the routes are documented: the headers that each understands, the problems that it may answer with."""

from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin, SwaggerRenderPlugin
from litestar.openapi.spec import Components, OpenAPIType, Operation, Parameter, Reference, Schema

from actum.http.headers import CORRELATION_ID, IDEMPOTENCY_KEY, IF_MATCH, POSITION
from actum.http.problems import KINDS, MEDIA_TYPE, Problem

HEADERS = {
    CORRELATION_ID: "Goes with all that the request causes, into events and logs; made up if it is not sent.",
    POSITION: "As an earlier response gave it: views show at least what that request wrote.",
    IDEMPOTENCY_KEY: "Makes it safe to send the request again: its commands take effect once.",
    IF_MATCH: "The entity's ETag as the client knows it: the first command is refused if it has changed.",
}
FOR_WRITING = frozenset({IDEMPOTENCY_KEY, IF_MATCH})
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
STATUS_FOR_WRITING = frozenset({409, 412})


@dataclass
class ReadOperation(Operation):
    """An operation that takes the headers which every route understands."""

    def __post_init__(self) -> None:
        self.parameters = [
            *(self.parameters or []),
            *(_reference(name) for name in HEADERS if name not in FOR_WRITING),
        ]


@dataclass
class WriteOperation(Operation):
    """An operation that takes, beside them, the headers for changing something."""

    def __post_init__(self) -> None:
        self.parameters = [*(self.parameters or []), *map(_reference, HEADERS)]


class SwaggerPage(SwaggerRenderPlugin):
    """The page that shows the routes, at the place where the application is mounted."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return super().render(request, _where_mounted(request, openapi_schema))


class SchemaFile(JsonRenderPlugin):
    """The schema as JSON, at the place where the application is mounted."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return super().render(request, _where_mounted(request, openapi_schema))


def openapi_config(name: str) -> OpenAPIConfig:
    """Documents an application at /schema, and as JSON at /schema/openapi.json."""
    parameters: dict[str, Parameter | Reference] = {
        header: Parameter(
            name=header, param_in="header", schema=Schema(type=OpenAPIType.STRING), description=description
        )
        for header, description in HEADERS.items()
    }
    return OpenAPIConfig(
        title=name,
        version="1",
        use_handler_docstrings=True,
        components=Components(parameters=parameters),
        render_plugins=[SwaggerPage(), SchemaFile()],
    )


def documented(method: str, options: dict[str, Any]) -> dict[str, Any]:
    """Adds to a handler's options the documentation that every handler has; what the author said stays."""
    is_reading = method in READING_METHODS
    titles: dict[int, list[str]] = {}
    for kind in KINDS.values():
        if not (is_reading and kind.status in STATUS_FOR_WRITING):
            titles.setdefault(kind.status, []).append(kind.title)
    problems = {
        status: ResponseSpec(
            Problem, description="; or: ".join(each), media_type=MEDIA_TYPE, generate_examples=False
        )
        for status, each in titles.items()
    }
    return {
        "operation_class": ReadOperation if is_reading else WriteOperation,
        **options,
        "responses": {**problems, **options.get("responses", {})},
    }


def _reference(header: str) -> Reference:
    return Reference(ref=f"#/components/parameters/{header}")


def _where_mounted(request: Request[Any, Any, Any], schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "servers": [{"url": request.scope.get("root_path") or "/"}]}
