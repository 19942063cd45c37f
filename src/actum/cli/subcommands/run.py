"""The command that serves an application."""

import os
from functools import partial
from typing import Annotated

import typer

from actum.cli.failure import CommandFailed
from actum.cli.loading import load_app
from actum.cli.options import AppName, DatabaseUrl, Format, Level, LogFormat, StoreUrl
from actum.cli.server.limits import (
    BodyTimeout,
    HeaderTimeout,
    KeepAlive,
    Limits,
    MaxConnections,
    MaxHeaderBytes,
    RequestTimeout,
    allow_descriptors,
)

DEFAULT = Limits()
Workers = Annotated[
    int, typer.Option(min=1, help="How many processes; more than one on stores that allow it.")
]
Development = Annotated[
    bool,
    typer.Option(
        "--development",
        help="Refuse I/O in commands and reducers, log requests, and open the console on this machine.",
    ),
]
Metrics = Annotated[
    bool,
    typer.Option(
        "--metrics",
        envvar="ACTUM_METRICS",
        help="Collect metrics, and serve them to Prometheus at /-/metrics.",
    ),
]


def run(
    app: AppName,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The port; 0 takes a free one.")] = 8000,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
    workers: Workers = 1,
    is_development: Development = False,
    serves_metrics: Metrics = False,
    log_level: Level = None,
    log_format: Format = LogFormat.TEXT,
    max_connections: MaxConnections = DEFAULT.max_connections,
    max_header_bytes: MaxHeaderBytes = DEFAULT.max_header_bytes,
    header_timeout: HeaderTimeout = DEFAULT.header_timeout,
    body_timeout: BodyTimeout = DEFAULT.body_timeout,
    keep_alive: KeepAlive = DEFAULT.keep_alive,
    request_timeout: RequestTimeout = DEFAULT.request_timeout,
) -> None:
    """Serves an application over HTTP, and runs its views, actions, queues and timers.

    SIGTERM or Ctrl+C stops it, after requests in progress are finished and all events are written.
    """
    from actum.cli.logs import set_up_logs
    from actum.cli.server.announcement import announce_server
    from actum.cli.server.processes import Work, serve_in_processes
    from actum.cli.server.serving import listen, serve

    loaded = load_app(app)
    url = loaded.store_url(store, database)
    _check_processes(url, workers)
    _turn_on_metrics(serves_metrics, workers)
    limits = Limits(
        max_connections=allow_descriptors(max_connections),
        max_header_bytes=max_header_bytes,
        max_request_line=min(max_header_bytes, DEFAULT.max_request_line),
        header_timeout=header_timeout,
        body_timeout=body_timeout,
        keep_alive=keep_alive,
        request_timeout=request_timeout,
    )
    application = loaded.asgi(store=url, is_development=is_development)
    with listen(host, port) as listener:
        set_up_logs(is_development=is_development, level=log_level, format=log_format)
        announce = partial(announce_server, loaded, listener, url, is_development=is_development)
        if workers == 1:
            serve(application, listener, limits, announce)
        else:
            serve_in_processes(
                workers,
                listener,
                Work(app, url, is_development, log_level, log_format),
                limits=limits,
                announce=announce,
            )
    print(f"{loaded.name} has stopped", flush=True)


def _check_processes(url: str, workers: int) -> None:
    from actum.stores.open import is_shared
    from actum.stores.url import shown

    allows_several = is_shared(url)
    if workers > 1 and not allows_several:
        raise CommandFailed(
            f"{shown(url)} can be used by one process only: leave --workers out, or use another store"
        )


def _turn_on_metrics(is_wanted: bool, workers: int) -> None:
    if not is_wanted:
        return
    if workers > 1:
        raise CommandFailed(
            "--metrics with --workers would give the metrics of any one of the processes each time: run each "
            "on a port of its own, or send their metrics by OTLP (OTEL_EXPORTER_OTLP_ENDPOINT)"
        )
    os.environ["ACTUM_METRICS"] = "1"
