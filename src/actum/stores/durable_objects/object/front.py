"""What comes in over HTTP: checks the secret, and sends each call to its object."""

import hmac
from collections.abc import Callable, Sequence
from urllib.parse import quote

import msgspec
from msgspec.json import encode

from actum.stores.durable_objects.object.platform import Platform
from actum.stores.durable_objects.object.program import Program
from actum.stores.durable_objects.refusal import LOST, NOTHING, Answer, Refusal
from actum.stores.durable_objects.wire import Addressed, ToObject

decode_calls: Callable[[bytes | str], list[Addressed]] = msgspec.json.Decoder(list[Addressed]).decode
decode_answers: Callable[[bytes | str], list[Answer]] = msgspec.json.Decoder(list[Answer]).decode


class Front:
    """Answers the requests of the processes that share the secret."""

    def __init__(self, platform: Platform, program: Program, secret: str) -> None:
        self._platform = platform
        self._program = program
        self._secret = secret.encode()

    async def serve(self, path: str, authorization: str, body: str) -> str:
        """Answers a request; the first three characters are the HTTP status, the rest is the body."""
        given = authorization.removeprefix("Bearer ").encode()
        if not self._secret or not hmac.compare_digest(given, self._secret):
            return '401{"error":"the secret is missing or wrong"}'
        space, _, what = path.removeprefix("/").rpartition("/")
        match what:
            case "calls":
                return "200" + encode(await self._calls(space, decode_calls(body))).decode()
            case "feed":
                return "200" + await self._platform.ask_feed(space, body)
            case "ready":
                found = {kind.name: kind.fingerprint for kind in self._program.kinds.values()}
                return "200" + encode({"application": self._program.application, "kinds": found}).decode()
            case _:
                return '404{"error":"there is nothing here"}'

    async def _calls(self, space: str, calls: Sequence[Addressed]) -> list[Answer]:
        """Sends calls to their objects, in parallel; those for one object in order."""
        by_object: dict[str, list[int]] = {}
        for number, call in enumerate(calls):
            by_object.setdefault(name_of(space, call.kind, call.id), []).append(number)
        answers: list[Answer] = [Answer(NOTHING)] * len(calls)
        bodies = [self._body(space, [calls[number] for number in numbers]) for numbers in by_object.values()]
        responses = await self._platform.ask_entities(list(by_object), bodies)
        for numbers, answer in zip(by_object.values(), responses, strict=True):
            if isinstance(answer, str):
                found = decode_answers(answer)
            else:
                found = [Answer(NOTHING, Refusal(LOST, f"its object was reset: {answer}"))] * len(numbers)
            for number, one in zip(numbers, found, strict=True):
                answers[number] = one
        return answers

    def _body(self, space: str, calls: Sequence[Addressed]) -> str:
        body = ToObject(space, calls[0].kind, calls[0].id, [call.call for call in calls])
        return encode(body).decode()


def name_of(space: str, kind: str, id: str) -> str:
    """Returns the name of an entity's object: KIND/ID, or SPACE:KIND/ID, with / and : in KIND escaped."""
    name = f"{quote(kind, safe=' ')}/{id}"
    return f"{space}:{name}" if space else name
