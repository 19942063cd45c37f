"""Finds calls that give something else each time: of the clock, and for random values; and sleep."""

import os
import sys
from collections.abc import Callable
from datetime import date
from types import FrameType
from typing import Any, Literal

Source = Literal["clock", "random", "sleep"]
CLOCKS = frozenset({"time", "time_ns", "clock_gettime", "clock_gettime_ns"})
"""Functions of the module time. What only measures, such as perf_counter, is no part of a state."""
NOW = frozenset({"now", "today", "utcnow"})
"""Class methods of date and datetime."""
DRAWING = frozenset({"random", "getrandbits"})
"""The methods that every random value of a generator comes from."""
OF_SYSTEM = frozenset({"urandom", "getrandom"})
OVER_THESE = frozenset({"random", "secrets", "uuid"})
"""Modules of Python whose functions call one of these for whoever calls them."""
INSTALLED = ("site-packages", "dist-packages")
OURS = frozenset({"actum", "msgspec"})
Found = Callable[[str, Source, FrameType], None]


def watching(found: Found) -> Callable[[FrameType, str, Any], None]:
    """Returns a profile function that reports what the author's code calls: its name, its source, and where.

    What Python and installed libraries call for their own sake, such as the time of a log entry, is passed
    over.
    """

    def watch(frame: FrameType, event: str, called: Any) -> None:
        if event != "c_call":
            return
        source = _source(called)
        if source is None:
            return
        name, caller = _call(frame, called)
        if caller is not None and _is_authors(caller):
            found(name, source, caller)

    return watch


def _source(called: Any) -> Source | None:
    name, module, of = called.__name__, called.__module__, getattr(called, "__self__", None)
    if name in NOW and isinstance(of, type) and issubclass(of, date):
        return "clock"
    if module == "time":
        return "clock" if name in CLOCKS else "sleep" if name == "sleep" else None
    if name in DRAWING and of is not None and of is _shared_generator():
        return "random"
    is_of_system = name in OF_SYSTEM and getattr(os, name, None) is called
    return "random" if is_of_system or module == "_uuid" else None


def _shared_generator() -> Any:
    """Returns the generator behind the functions of the module random; one with a seed is another."""
    return getattr(sys.modules.get("random"), "_inst", None)


def _call(frame: FrameType, called: Any) -> tuple[str, FrameType | None]:
    """Returns the name of a call as the code wrote it, and whose it is, past functions of OVER_THESE."""
    of = getattr(called, "__self__", None)
    home = of.__name__ if isinstance(of, type) else called.__module__ or "random"
    name = f"{'os' if home == os.name else home}.{called.__name__}"
    caller: FrameType | None = frame
    while caller is not None and (module := caller.f_globals.get("__name__")) in OVER_THESE:
        name, caller = f"{module}.{caller.f_code.co_name}", caller.f_back
    return name, caller


def _is_authors(frame: FrameType) -> bool:
    top = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    is_installed = any(place in frame.f_code.co_filename for place in INSTALLED)
    return not (top in OURS or top in sys.stdlib_module_names or is_installed)
