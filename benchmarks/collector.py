"""A collector of telemetry that keeps nothing: `python -m benchmarks.collector` prints its port."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Taker(BaseHTTPRequestHandler):
    """Takes whatever is sent by OTLP over HTTP."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


def main() -> None:
    collector = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    print(f"running at http://127.0.0.1:{collector.server_port}", flush=True)
    collector.serve_forever()


if __name__ == "__main__":
    main()
