"""Answers requests that the server aborted, because it stops or because they took too long."""

from asyncio import CancelledError
from contextlib import suppress

from actum.errors import Unavailable
from actum.http import AsgiApp, Receive, Scope, Send
from actum.http.headers import read_correlation_id
from actum.http.problems import answer_to
from actum.http.response import send_answer
from actum.runtime.clock import SystemClock

TOO_LONG = "the request took too long"
STOPPED = "the application is stopping"
UNKNOWN = "{why}; it may have taken effect: send it again, with the same Idempotency-Key if it had one"


def answering_aborted_requests(application: AsgiApp) -> AsgiApp:
    """Answers a request that the server cancels with a problem, if it has no response yet.

    The server created the request's task, so the cancellation may end here: nobody else waits for it.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        try:
            await application(scope, receive, send)
        except CancelledError as error:
            why = TOO_LONG if TOO_LONG in error.args else STOPPED
            with suppress(RuntimeError):  # The server raises it when a response has begun already.
                await _answer(scope, send, Unavailable(UNKNOWN.format(why=why), is_outcome_unknown=True))
                return
            raise

    return serve


async def _answer(scope: Scope, send: Send, error: Unavailable) -> None:
    correlation_id = read_correlation_id(dict(scope["headers"])) or SystemClock().new_id()
    answer = answer_to(error, correlation_id)
    answer.headers["X-Correlation-ID"] = correlation_id
    await send_answer(send, answer)
