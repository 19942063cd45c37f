"""What is served in place of an application that cannot be loaded: why, where, and what happens next."""

import hashlib
import html
import linecache
from string import Template

from msgspec import Struct

from actum.cli.failure import MAX_ERROR, explain
from actum.errors import ActumError, DefinitionError
from actum.http import AsgiApp, Message, Receive, Scope, Send
from actum.http.access.local_request import is_local
from actum.model.code.place import place_of_error
from actum.model.error_text import error_message
from actum.model.routes.own_paths import HEALTH

STATUS = 503
AROUND = 4
"""Lines of the source that are shown in front of the one that failed, and behind it."""
DIGEST = b"actum-failure"
"""The header that distinguishes a failure from the next one, and from an application that works."""
SECRET = "The application cannot be served now. The terminal in which `actum dev` runs says why."
NEXT = (
    "Correct it and save the file: it is loaded again at once, and a browser shows the page again by itself."
)

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; }
pre { font: 14px/1.6 ui-monospace, monospace; overflow-x: auto; padding: 1rem; border-radius: 6px; }
pre { background: light-dark(#f4f4f5, #232326); }
.why { white-space: pre-wrap; border-left: 4px solid light-dark(#b42318, #f97066); }
mark { background: light-dark(#fee4e2, #55160c); color: inherit; display: inline-block; min-width: 100%; }
</style>
</head>
<body>
<h1>$title</h1>
<pre class="why" role="alert">$message</pre>
$source
<p>$next</p>
<script>
async function look() {
  try {
    const answer = await fetch("$health", { cache: "no-store" });
    if (answer.headers.get("$header") !== "$digest") {
      location.reload();
      return;
    }
  } catch {
    // It is being started again.
  }
  setTimeout(look, 400);
}
look();
</script>
</body>
</html>
""")


class Line(Struct, frozen=True):
    """A line of the source, with its number from 1; `is_here` is that which failed."""

    number: int
    text: str
    is_here: bool


class Failure(Struct, frozen=True):
    """Why an application cannot be served: what happened, why, and the source around it if that is known."""

    title: str
    message: str
    source: list[Line] = []

    @classmethod
    def of(cls, title: str, error: BaseException) -> "Failure":
        """Gives the failure that an error stands for; what it was raised from says where."""
        cause = error if isinstance(error, DefinitionError) else error.__cause__ or error
        place = place_of_error(cause)
        is_ours = isinstance(error, ActumError)
        message = error_message(error, limit=MAX_ERROR) if is_ours else explain(error)
        return cls(title, message, [] if place is None else _around(*place))

    @property
    def digest(self) -> str:
        """What distinguishes it from other failures."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]

    def as_text(self) -> str:
        """Gives it as text for a terminal."""
        shown = [f"{'>' if line.is_here else ' '} {line.number:>5}  {line.text}" for line in self.source]
        return "\n".join([self.title, "", self.message, "", *shown, *([""] if shown else []), NEXT, ""])

    def as_page(self) -> str:
        """Gives it as a page that loads itself again when it no longer holds."""
        return PAGE.substitute(
            title=html.escape(self.title),
            message=html.escape(self.message),
            source=f"<pre>{''.join(map(_shown, self.source))}</pre>" if self.source else "",
            next=NEXT,
            health=HEALTH,
            header=DIGEST.decode(),
            digest=self.digest,
        )


def failing(failure: Failure) -> AsgiApp:
    """Gives an ASGI application that answers every request with a failure: a page for a browser, else text.

    The source is shown to this machine alone.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            for message in _answer(failure, scope):
                await send(message)

    return answer


async def _live(receive: Receive, send: Send) -> None:
    for phase in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{phase}.complete"})


def _answer(failure: Failure, scope: Scope) -> list[Message]:
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
    is_page = b"text/html" in accepted and is_local(scope)
    text = failure.as_page() if is_page else failure.as_text() if is_local(scope) else f"{SECRET}\n"
    body = text.encode(errors="backslashreplace")
    headers = [
        (b"content-type", b"text/html; charset=utf-8" if is_page else b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (DIGEST, failure.digest.encode()),
    ]
    return [
        {"type": "http.response.start", "status": STATUS, "headers": headers},
        {"type": "http.response.body", "body": body},
    ]


def _around(file: str, number: int) -> list[Line]:
    lines = linecache.getlines(file)
    first = max(1, number - AROUND)
    return [
        Line(at, text.rstrip("\n"), at == number)
        for at, text in enumerate(lines[first - 1 : number + AROUND], first)
    ]


def _shown(line: Line) -> str:
    text = f"{line.number:>5}  {html.escape(line.text)}"
    return f"<mark>{text}</mark>\n" if line.is_here else f"{text}\n"
