"""Limits on what clients may send to the server, and on how long they may take."""

import sys
from typing import Annotated

import typer
from msgspec import Struct

if sys.platform != "win32":
    import resource

PANEL = "Limits on clients"

MaxConnections = Annotated[
    int,
    typer.Option(
        min=1, envvar="ACTUM_MAX_CONNECTIONS", help="Connections per process.", rich_help_panel=PANEL
    ),
]
MaxHeaderBytes = Annotated[
    int,
    typer.Option(
        min=1_024,
        envvar="ACTUM_MAX_HEADER_BYTES",
        help="Bytes of a request line and its headers.",
        rich_help_panel=PANEL,
    ),
]
HeaderTimeout = Annotated[
    float,
    typer.Option(
        min=1, envvar="ACTUM_HEADER_TIMEOUT", help="Seconds for headers to arrive.", rich_help_panel=PANEL
    ),
]
BodyTimeout = Annotated[
    float,
    typer.Option(
        min=1,
        envvar="ACTUM_BODY_TIMEOUT",
        help="Seconds for a body to arrive, and one more for every 10,000 bytes of it.",
        rich_help_panel=PANEL,
    ),
]
KeepAlive = Annotated[
    int,
    typer.Option(
        min=0,
        envvar="ACTUM_KEEP_ALIVE",
        help="Seconds for which an idle connection is kept.",
        rich_help_panel=PANEL,
    ),
]
RequestTimeout = Annotated[
    float,
    typer.Option(
        min=1,
        envvar="ACTUM_REQUEST_TIMEOUT",
        help="Seconds for the application to begin its response.",
        rich_help_panel=PANEL,
    ),
]

SPARE_DESCRIPTORS = 200
"""File descriptors for other things than connections: stores, logs, the interpreter."""


class Limits(Struct, frozen=True):
    """Limits of one process; times are in seconds.

    The request line may take `max_request_line` of the `max_header_bytes`. Headers must arrive within
    `header_timeout`, and a body within `body_timeout` and a second more for every `min_body_rate` bytes that
    came. An idle connection is closed after `keep_alive`. A response must begin within `request_timeout` of
    the end of its request, and its client must read some of it in every `send_timeout`.
    """

    max_connections: int = 2_000
    max_header_bytes: int = 65_536
    max_request_line: int = 16_384
    max_headers: int = 100
    header_timeout: float = 10.0
    body_timeout: float = 30.0
    min_body_rate: int = 10_000
    keep_alive: int = 5
    request_timeout: float = 300.0
    send_timeout: float = 60.0


def allow_descriptors(connections: int) -> int:
    """Raises this process's limit of file descriptors for its connections; gives how many it may have."""
    if sys.platform == "win32":
        return connections
    wanted = connections + SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    given = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (given, hard))
    # Where there are few, stores and logs get half of them.
    return min(connections, max(given - SPARE_DESCRIPTORS, given // 2))
