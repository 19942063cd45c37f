"""A command as code: a line of Python, and one of curl for an application that has a route for it."""

import shlex
from collections.abc import Mapping
from typing import Any

import msgspec

from actum.model.entity import CommandType, EntityType


def python_of(
    application: str, kind: EntityType, id: str, command: CommandType, arguments: Mapping[str, Any]
) -> str:
    """Gives the lines of Python that send a command; `application` is the name of the App."""
    said = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    cls = kind.cls.__name__
    return (
        f"from {kind.cls.__module__} import {cls}\n\n"
        f"async with {application}.running() as ctx:\n"
        f"    print(await ctx.entity({cls}, {id!r}).{command.name}({said}))"
    )


def curl_of(url: str, fields: Mapping[str, str], cookie: str) -> str:
    """Gives the curl line that sends a form of the console, with what proves whose session it is."""
    parts = ["curl", "-sS", "-X", "POST", url, "-H", f"Cookie: {cookie}", "-H", "Accept: application/json"]
    for name, value in fields.items():
        parts += ["--data-urlencode", f"{name}={value}"]
    return " ".join(shlex.quote(part) for part in parts)


def json_of(value: Any) -> str:
    """Gives arguments as JSON on one line."""
    return msgspec.json.encode(value, enc_hook=str).decode()
