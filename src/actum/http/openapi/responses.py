"""The headers of responses in the documentation, which Litestar cannot describe."""

from typing import Any

from actum.http.headers import CORRELATION_ID, ETAG, POSITION

RETRY_AFTER = "Retry-After"
ACCEPT_ENCODING = "Accept-Encoding"
CHALLENGE = "WWW-Authenticate"
LINK = "Link"
NOT_MODIFIED = "304"
OF_PAGES = frozenset({"after", "size", "total"})
"""The parameters of routes that answer with pages."""

TEXT = {"type": "string"}
HEADERS: dict[str, dict[str, Any]] = {
    CORRELATION_ID: {"description": "The correlation id of the request, sent or generated.", "schema": TEXT},
    POSITION: {
        "description": "A position in the journal: sent with another request, views show all up to it.",
        "schema": {"type": "string", "pattern": r"^\d+$"},
    },
    ETAG: {
        "description": "The version of the one entity that answered, for If-Match and If-None-Match.",
        "schema": TEXT,
    },
    LINK: {
        "description": 'To the page after this one, as <?…>; rel="next" (RFC 8288).',
        "schema": TEXT,
    },
    RETRY_AFTER: {"description": "Seconds to wait before sending again.", "schema": {"type": "integer"}},
    CHALLENGE: {"description": "By what credentials the caller can say who it is.", "schema": TEXT},
    ACCEPT_ENCODING: {"description": "The encodings that a body may have.", "schema": TEXT},
}
OF_STATUS = {"503": (RETRY_AFTER,), "415": (ACCEPT_ENCODING,), "401": (CHALLENGE,)}
METHODS = frozenset({"get", "post", "put", "patch", "delete"})


def with_response_headers(schema: dict[str, Any]) -> dict[str, Any]:
    """Adds the headers of each response to an OpenAPI document, and 304 where it can be the answer."""
    paths = {
        path: {
            method: _operation(method, each) if method in METHODS else each for method, each in item.items()
        }
        for path, item in schema.get("paths", {}).items()
    }
    components = schema.get("components", {})
    headers = {**HEADERS, **components.get("headers", {})}
    return {**schema, "paths": paths, "components": {**components, "headers": headers}}


def _operation(method: str, operation: dict[str, Any]) -> dict[str, Any]:
    names = {each.get("name") for each in operation.get("parameters", ())}
    more = (LINK,) if method == "get" and names >= OF_PAGES else ()
    responses = {
        status: _response(status, each, more) for status, each in operation.get("responses", {}).items()
    }
    if method == "get":
        known = {"description": "The client has this answer already, according to its If-None-Match."}
        responses.setdefault(NOT_MODIFIED, _response(NOT_MODIFIED, known))
    return {**operation, "responses": dict(sorted(responses.items()))}


def _response(status: str, response: dict[str, Any], more: tuple[str, ...] = ()) -> dict[str, Any]:
    names = [CORRELATION_ID, POSITION, *OF_STATUS.get(status, ())]
    if status.startswith("2") or status == NOT_MODIFIED:
        names += [ETAG, *more]
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    return {**response, "headers": {**headers, **response.get("headers", {})}}
