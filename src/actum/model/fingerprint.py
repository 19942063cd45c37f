"""Fingerprints of declarations: equal while the code that shapes a state is the same, whoever runs it.

They come from source text without comments and layout, so that neither a reformatting nor a new Python
throws a snapshot or a view away. A change in a function that a reducer calls is not seen; raise `version=` of
the class for that.
"""

import ast
import hashlib
import inspect
import textwrap
from collections.abc import Callable, Iterable
from types import CodeType
from typing import Any

from actum.model.event import EventType


def source_of(function: Callable[..., Any]) -> str:
    """Gives a function's code as text that is the same for the same meaning."""
    try:
        source = textwrap.dedent(inspect.getsource(function))
        return ast.unparse(ast.parse(source))
    except (OSError, TypeError, SyntaxError):
        code = getattr(function, "__code__", None)
        return _text_of(code) if code else repr(function)


def _text_of(code: CodeType) -> str:
    """Writes compiled code without the addresses that differ from one start to the next."""
    constants = [_text_of(part) if isinstance(part, CodeType) else repr(part) for part in code.co_consts]
    return repr((code.co_code, constants, code.co_names))


def fingerprint(parts: Iterable[object]) -> str:
    """Gives 16 hexadecimal digits for any series of values with a stable `str`."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(str(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def event_parts(event_type: EventType) -> list[object]:
    """Gives what of an event's declaration shapes the states made from it."""
    fields = [(name, repr(hint)) for name, hint in event_type.cls.__annotations__.items()]
    upcasts = [(step, source_of(function)) for step, function in sorted(event_type.upcasts.items())]
    return [event_type.name, event_type.version, fields, upcasts]
