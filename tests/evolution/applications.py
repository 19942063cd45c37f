"""Applications of one name in two versions, each a module of its own, for tests that compare them."""

import importlib
import itertools
import sys
import textwrap
from pathlib import Path

from actum import App

HEAD = """
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Meta, Struct, field

from actum import (
    Actions, App, Context, Entity, Event, Personal, PersonId, Rejected, View, Workflow,
    command, query, reducer,
)
"""
numbers = itertools.count()


def application(folder: Path, source: str) -> App:
    """Imports the source of a module, under what an application needs of imports, and gives its `app`."""
    name = f"evolving_{next(numbers)}"
    (folder / f"{name}.py").write_text(HEAD + textwrap.dedent(source))
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        app: App = importlib.import_module(name).app
        return app
    finally:
        sys.path.remove(str(folder))
