"""Annotations as an author writes them, for messages."""

import re
from types import NoneType
from typing import Any

MODULES = re.compile(r"\b(?:[A-Za-z_]\w*\.)+(?=[A-Za-z_])")


def annotation_text(annotation: Any) -> str:
    """Returns an annotation as text, without the modules of its classes: `date | None`."""
    if annotation is None or annotation is NoneType:
        return "None"
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        return annotation.__name__
    return MODULES.sub("", repr(annotation)).replace("NoneType", "None")
