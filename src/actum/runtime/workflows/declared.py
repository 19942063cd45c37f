"""The workflows of an application, compiled and checked when it is built."""

from collections.abc import Sequence

from actum.errors import DefinitionError
from actum.model.workflows.workflow import Workflow
from actum.model.workflows.workflow_type import WorkflowType, check_workflow_class
from actum.runtime.context.context import Context


def workflow_types(classes: Sequence[type[Workflow]]) -> dict[str, WorkflowType]:
    """Compiles workflow classes, by their stored names; raises DefinitionError for what cannot work."""
    found: dict[str, WorkflowType] = {}
    for cls in classes:
        check_workflow_class(cls)
        kind = WorkflowType(cls, Context)
        other = found.setdefault(kind.name, kind)
        if other is not kind:
            raise DefinitionError(
                f"two workflows are stored as {kind.name!r}: {other.cls.__qualname__} and "
                f"{cls.__qualname__}; give one of them name="
            )
    return found
