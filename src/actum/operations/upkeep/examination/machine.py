"""Examines what runs the application: versions, and how many files a process may open."""

import platform
import sqlite3
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from actum.operations.upkeep.examination.finding import Finding, fault, ok, warning
from actum.stores.url import split

if sys.platform != "win32":
    import resource

OLDEST, NEWEST = (3, 11), (3, 14)
"""The versions of Python that Actum is tested on."""
MIN_FILES = 1_024
"""Files that a process may open at least, one for each connection of a client."""
LIBRARIES = ("msgspec", "litestar", "uvicorn", "sqlglot")
DRIVERS = {
    "postgres": "asyncpg",
    "postgresql": "asyncpg",
    "dynamodb": "aiobotocore",
    "durable-objects": "aiohttp",
}


def examine_machine(url: str) -> list[Finding]:
    """Names the versions of what runs, and says which do not fit."""
    return [_python(), _actum(), *_drivers(url), _sqlite(), *_open_files()]


def _python() -> Finding:
    what = f"{platform.python_implementation()} {platform.python_version()} on {platform.platform()}"
    if sys.version_info[:2] > NEWEST:
        newest = ".".join(map(str, NEWEST))
        return warning(
            "python", f"{what}: Actum is not tested on it", f"run it on Python {newest} or an earlier one"
        )
    if sys.version_info[:2] < OLDEST:
        return fault(
            "python", f"{what} is too old", f"run it on Python {'.'.join(map(str, OLDEST))} or later"
        )
    return ok("python", what)


def _actum() -> Finding:
    libraries = ", ".join(f"{name} {_version(name)}" for name in LIBRARIES)
    return ok("actum", f"{_version('actum')}, with {libraries}")


def _drivers(url: str) -> list[Finding]:
    found = []
    for one in split(url):
        driver = DRIVERS.get((one or "").partition(":")[0])
        if driver is None:
            continue
        if find_spec(driver) is None:
            found.append(
                fault("driver", f"{driver} is not installed, which the store needs", f"pip install {driver}")
            )
        else:
            found.append(ok("driver", f"{driver} {_version(driver)}"))
    return found


def _sqlite() -> Finding:
    return ok("sqlite", f"the library is {sqlite3.sqlite_version}")


def _open_files() -> list[Finding]:
    """Says how many files a process may open; the server raises its own limit up to that."""
    if sys.platform == "win32":
        return []
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY or most >= MIN_FILES:
        return [ok("open files", "no limit" if most == resource.RLIM_INFINITY else f"up to {most:,}")]
    return [
        warning(
            "open files",
            f"up to {most:,}, and each connection of a client needs one",
            f"raise the limit to {MIN_FILES:,} or more (ulimit -Hn, or LimitNOFILE= of systemd)",
        )
    ]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"
