"""Random histories of an entity, as hypothesis makes them: a state machine with a rule for each command."""

from importlib.util import find_spec

if find_spec("hypothesis") is None:
    raise ImportError("actum.testing.machine needs hypothesis: pip install 'actum[testing]'")

from actum.testing.machine.entity_machine import EntityMachine, machine
from actum.testing.machine.values import values_of

__all__ = ["EntityMachine", "machine", "values_of"]
