"""What a server says when it accepts requests: its addresses, and its store."""

import sys
from ipaddress import ip_address
from socket import socket

from actum.app import App, definition_of
from actum.cli.server.forgotten_actions import forgotten_actions
from actum.cli.server.serving import local_url_of, url_of
from actum.model.routes.own_paths import CONSOLE
from actum.stores.url import shown

UNGUARDED = (
    "warning: without App(access=…) everybody who reaches this address may do everything: write access=, or "
    "listen on 127.0.0.1 behind something that checks who asks"
)


def announce_server(app: App, listener: socket, store: str, *, is_development: bool) -> None:
    """Prints where an application is served, on which store, and which actions it seems to have forgotten."""
    address = url_of(listener)
    print(f"{app.name} is running at {address}")
    if is_development or definition_of(app).has_console:
        print(f"  console  {local_url_of(listener)}{CONSOLE}")
    if definition_of(app).docs_path is not None:
        print(f"  OpenAPI  {address}{definition_of(app).docs_path}")
    print(f"  store    {shown(store)}", flush=True)
    for said in forgotten_actions(app):
        print(f"warning: {said}", file=sys.stderr, flush=True)
    if not is_development and definition_of(app).policy is None and not _is_loopback(listener):
        print(UNGUARDED, file=sys.stderr, flush=True)


def _is_loopback(listener: socket) -> bool:
    """Says whether a socket is reached from this machine alone."""
    return ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback
