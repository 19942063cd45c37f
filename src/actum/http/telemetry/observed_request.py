"""A request that is reported: how long it took, by the pattern of its route and its status; and its span."""

from time import perf_counter

from actum.http import Scope
from actum.http.options.handlers import METHODS
from actum.http.response import ResponseHeaders
from actum.model.routes.own_paths import RESERVED
from actum.runtime.containment import comes_from_outside
from actum.runtime.instruments.instruments import Instruments, Work
from actum.runtime.instruments.tracing import NO_SPAN, Span, tracing

NO_ROUTE = "(none)"
"""The route of a request whose path or method has none: a client may make up any number of those."""
KNOWN = frozenset({*METHODS, "HEAD", "OPTIONS"})

_works: dict[tuple[str, str, int], Work] = {}


class ObservedRequest:
    """Reports one request when its block ends.

    `inner` is the scope in which its route was found, and `response` knows the status that was sent.
    """

    __slots__ = ("_began", "_instruments", "_method", "_span", "inner", "response")

    def __init__(self, scope: Scope, headers: dict[bytes, bytes], instruments: Instruments) -> None:
        method: str = scope["method"]
        self.inner: Scope | None = None
        self.response: ResponseHeaders | None = None
        self._instruments = instruments
        self._method: str = method if method in KNOWN else "(other)"
        tracer = tracing.tracer
        self._span: Span = NO_SPAN
        if tracer is not None and not scope["path"].startswith(RESERVED):
            self._span = tracer.request(self._method, headers)
        self._began = perf_counter()

    def __repr__(self) -> str:
        return f"<ObservedRequest {self._method}>"

    def __enter__(self) -> "ObservedRequest":
        if self._span is not NO_SPAN:
            self._span.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        seconds = perf_counter() - self._began
        inner, response, method = self.inner, self.response, self._method
        status = 500 if response is None else response.status or 500
        route = NO_ROUTE if inner is None else inner.get("path_template") or NO_ROUTE
        is_failure = status >= 500 or error is not None
        if self._span is not NO_SPAN:
            if self._span.is_kept:
                attributes = {
                    "http.request.method": method,
                    "http.route": route,
                    "http.response.status_code": status,
                }
                self._span.say(attributes, name=f"{method} {route}", is_failure=is_failure)
            self._span.__exit__(kind, error, trace)
        if error is not None and comes_from_outside(error):
            return
        place = method, route, status // 100
        work = _works.get(place) or _works.setdefault(place, _work_at(*place))
        if is_failure:
            self._instruments.failed(work, str(status), seconds)
        else:
            self._instruments.ending(work)(seconds)


def _work_at(method: str, route: str, hundreds: int) -> Work:
    return Work("request", f"{method} {route}", f"{hundreds}xx")
