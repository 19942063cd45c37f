"""What a development server and the process that serves for it tell each other."""

from typing import Literal

from msgspec import Struct

from actum.cli.options import LogFormat, LogLevel

State = Literal["serving", "unloadable", "unstarted"]
JOB = "ACTUM_DEVELOPMENT"
"""The environment variable that holds the job of a process that serves, as JSON."""


class Job(Struct, frozen=True):
    """What a process serves: an application as MODULE:APP, or in its place how its predecessor failed.

    `listener`, `lifeline` and `reports` are file descriptors: where requests come in; what ends when the
    development server does; and where it is told, in lines of JSON, what came of the job. Until the
    application `was_served` once, a store that cannot be opened ends the process, and so does a wrong name.
    `known` is the message of the failure before.
    """

    app: str
    listener: int
    lifeline: int
    reports: int
    store: str | None
    database: str | None
    log_level: LogLevel | None
    log_format: LogFormat
    was_served: bool = False
    failure: str = ""
    known: str = ""


class Said(Struct, frozen=True):
    """What came of a job: it serves, with its console at a URL; or cannot load or start the application."""

    state: State
    message: str = ""
    console: str = ""
