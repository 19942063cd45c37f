"""Whether a request comes from this machine, and was made to this machine."""

import re
from ipaddress import ip_address
from typing import Any

from actum.http import Scope

LOCAL_HOST = re.compile(rb"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
FORWARDED = frozenset({b"forwarded", b"via", b"x-real-ip"})
FORWARDED_PREFIX = b"x-forwarded-"


def is_local(scope: Scope) -> bool:
    """Says whether somebody at this machine sends a request.

    The Host must be a name of the machine itself: a page of another site whose name was pointed here (DNS
    rebinding) sends its own. A proxy on this machine would make everybody local, so a request that was
    forwarded is not.
    """
    headers: list[tuple[bytes, bytes]] = list(scope["headers"])
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) != 1 or not LOCAL_HOST.fullmatch(hosts[0]):
        return False
    if any(name in FORWARDED or name.startswith(FORWARDED_PREFIX) for name, _ in headers):
        return False
    return _is_loopback(scope.get("client"))


def _is_loopback(client: Any) -> bool:
    if not client:
        return False
    try:
        return ip_address(client[0]).is_loopback
    except ValueError:
        return False
