"""Who wrote a thing: the application's author, or Python, Actum or an installed library."""

import sys
from types import ModuleType
from typing import Any

OURS = frozenset({"actum", "msgspec"})
INSTALLED = ("site-packages", "dist-packages")


class Authors:
    """What an application's author has written. `home` is a module that holds one of the declarations."""

    def __init__(self, home: str) -> None:
        self._home = home.partition(".")[0]

    def __repr__(self) -> str:
        return f"<Authors of {self._home}>"

    def wrote(self, thing: Any) -> bool:
        """Whether an author wrote a class, a function or a module."""
        name = thing.__name__ if isinstance(thing, ModuleType) else getattr(thing, "__module__", None)
        return self.wrote_module(name if isinstance(name, str) else "")

    def wrote_module(self, name: str) -> bool:
        """Whether an author wrote the module of this name."""
        top = name.partition(".")[0]
        if top == self._home:
            return True
        if not top or top in OURS or top in sys.stdlib_module_names:
            return False
        file = getattr(sys.modules.get(name), "__file__", None) or ""
        return not any(place in file for place in INSTALLED)
