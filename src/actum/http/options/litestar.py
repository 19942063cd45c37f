"""The options that an application passes on to Litestar, and why others are refused."""

from collections.abc import Mapping
from typing import Any

from litestar import Litestar
from litestar.config.cors import CORSConfig

from actum.errors import DefinitionError
from actum.http.options.handlers import options_of
from actum.model.access.access import Access
from actum.model.access.methods import Sessions
from actum.model.option import check_options

ALLOWED = frozenset(
    {
        "allowed_hosts",
        "compression_config",
        "cors_config",
        "csrf_config",
        "middleware",
        "request_max_body_size",
        "response_headers",
        "stores",
        "tags",
    }
)

OF_GROUPS = "give it to a group, as in Actions(guards=[…])"
OF_RESOURCES = "Actum opens and closes what an application uses: list it in App(resources=[…])"
OURS = "Actum depends on its own"
REFUSED = {
    "after_exception": OURS,
    "after_request": OF_GROUPS,
    "after_response": OF_GROUPS,
    "before_request": OF_GROUPS,
    "before_send": OURS,
    "debug": "it would show clients the code of the application: errors are in its log",
    "dependencies": OF_GROUPS,
    "exception_handlers": OF_GROUPS,
    "guards": OF_GROUPS,
    "lifespan": OF_RESOURCES,
    "logging_config": "Actum logs under the name actum: configure that",
    "on_shutdown": OF_RESOURCES,
    "on_startup": OF_RESOURCES,
    "openapi_config": "the documentation is configured by App(docs=…)",
    "path": "mount the application where it should be, as ASGI applications are",
    "request_class": OURS,
    "response_class": OF_GROUPS,
    "route_handlers": "declare routes as actions, with @actions.get(…)",
}


def check_litestar(options: Mapping[str, Any], access: Access | None) -> None:
    """Refuses options that Actum could not work with, or that would open what rules close."""
    for name in options:
        if name in REFUSED:
            raise DefinitionError(f"App(litestar=…) takes no {name}: {REFUSED[name]}")
        if name in KNOWN and name not in ALLOWED:
            raise DefinitionError(f"App(litestar=…) takes no {name}: {OURS}")
    check_options("App(litestar={…})", options, ALLOWED)
    has_sessions = access is not None and access.method(Sessions) is not None
    if has_sessions and "csrf_config" in options:
        raise DefinitionError(
            "App(litestar=…) takes no csrf_config beside Sessions, which protects by itself"
        )
    cors = options.get("cors_config")
    if isinstance(cors, CORSConfig) and cors.allow_credentials and "*" in cors.allow_origins:
        raise DefinitionError(
            "App(litestar=…): cors_config lets every site use the credentials of whoever visits it: list the "
            "sites in allow_origins=[…]"
        )


KNOWN = options_of(Litestar)
