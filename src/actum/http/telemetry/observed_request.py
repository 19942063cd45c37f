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

    __slots__ = ("_began", "_instruments", "_scope", "_span", "inner", "response")

    def __init__(self, scope: Scope, headers: dict[bytes, bytes], instruments: Instruments) -> None:
        self.inner: Scope | None = None
        self.response: ResponseHeaders | None = None
        self._scope = scope
        self._instruments = instruments
        tracer = tracing.tracer
        is_traced = tracer is not None and not scope["path"].startswith(RESERVED)
        self._span: Span = tracer.request(self._method, headers) if tracer and is_traced else NO_SPAN
        self._began = perf_counter()

    def __repr__(self) -> str:
        return f"<ObservedRequest {self._name}>"

    def __enter__(self) -> "ObservedRequest":
        if self._span is not NO_SPAN:
            self._span.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        status = 500 if self.response is None else self.response.status or 500
        is_failure = status >= 500 or error is not None
        if self._span is not NO_SPAN:
            self._span.say(
                {
                    "http.request.method": self._method,
                    "http.route": self._route,
                    "http.response.status_code": status,
                },
                name=self._name,
                is_failure=is_failure,
            )
            self._span.__exit__(kind, error, trace)
        if error is None or not comes_from_outside(error):
            self._report(status, is_failure=is_failure)

    def _report(self, status: int, *, is_failure: bool) -> None:
        seconds = perf_counter() - self._began
        place = self._method, self._route, status // 100
        work = _works.get(place)
        if work is None:
            work = _works[place] = Work("request", self._name, f"{status // 100}xx")
        if is_failure:
            self._instruments.failed(work, str(status), seconds)
        else:
            self._instruments.ended(work, seconds)

    @property
    def _method(self) -> str:
        method: str = self._scope["method"]
        return method if method in KNOWN else "(other)"

    @property
    def _route(self) -> str:
        return (self.inner or {}).get("path_template") or NO_ROUTE

    @property
    def _name(self) -> str:
        return f"{self._method} {self._route}"
