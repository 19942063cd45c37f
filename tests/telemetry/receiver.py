"""A receiver of OTLP over HTTP, which keeps the spans and metrics that processes send to it."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from msgspec import Struct
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource


class Received(Struct, frozen=True):
    """A span as it was received; `process` is the instance of the service that sent it."""

    name: str
    trace: str
    span: str
    parent: str
    service: str
    process: str


class Receiver:
    """Listens on a free port of this machine."""

    def __init__(self) -> None:
        self.spans: list[Received] = []
        self.metrics: dict[str, set[str]] = {}
        """The names of the metrics of each service, and of what they are for."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                answer = receiver.take(self.path, body)
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<Receiver at {self.url}, {len(self.spans)} spans>"

    @property
    def url(self) -> str:
        """What OTEL_EXPORTER_OTLP_ENDPOINT is set to."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def take(self, path: str, body: bytes) -> bytes:
        """Keeps what one request brings, and gives the answer."""
        if path == "/v1/traces":
            for traced in ExportTraceServiceRequest.FromString(body).resource_spans:
                service, process = _named(traced.resource)
                self.spans += [
                    Received(
                        span.name,
                        span.trace_id.hex(),
                        span.span_id.hex(),
                        span.parent_span_id.hex(),
                        service,
                        process,
                    )
                    for scope in traced.scope_spans
                    for span in scope.spans
                ]
            return ExportTraceServiceResponse().SerializeToString()
        assert path == "/v1/metrics", path
        for measured in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            service, _ = _named(measured.resource)
            names = self.metrics.setdefault(service, set())
            names.update(metric.name for scope in measured.scope_metrics for metric in scope.metrics)
        return ExportMetricsServiceResponse().SerializeToString()

    def trace(self, id: str) -> list[Received]:
        """The spans of a trace."""
        return [span for span in self.spans if span.trace == id]

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Runs a receiver until the block ends."""
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()


def _named(resource: Resource) -> tuple[str, str]:
    found = {one.key: one.value.string_value for one in resource.attributes}
    return found["service.name"], found["service.instance.id"]
