"""What a client hears whose request was cut off: because the server stops, or because it took too long."""

from asyncio import CancelledError
from contextlib import suppress

from actum.errors import Unavailable
from actum.http import AsgiApp, Receive, Scope, Send
from actum.http.headers import read_correlation_id
from actum.http.problems import answer_to
from actum.http.response import send_answer
from actum.runtime.clock import SystemClock

TOO_LONG = "the request took too long"
STOPPED = "the application stops"
UNKNOWN = (
    "{why}, and whether it took effect is not known: send it again, with the same Idempotency-Key if it had "
    "one"
)


def answering_cut_requests(application: AsgiApp) -> AsgiApp:
    """Has a request that the server cancels answered with a problem, if it has no response yet.

    The server made the request's task, so that the cancellation ends here and is nobody else's.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        try:
            await application(scope, receive, send)
        except CancelledError as error:
            why = TOO_LONG if TOO_LONG in error.args else STOPPED
            with suppress(RuntimeError):  # So the server says that a response has begun already.
                await _answer(scope, send, Unavailable(UNKNOWN.format(why=why), is_outcome_unknown=True))
                return
            raise

    return serve


async def _answer(scope: Scope, send: Send, error: Unavailable) -> None:
    correlation_id = read_correlation_id(dict(scope["headers"])) or SystemClock().new_id()
    answer = answer_to(error, correlation_id)
    answer.headers["X-Correlation-ID"] = correlation_id
    await send_answer(send, answer)
