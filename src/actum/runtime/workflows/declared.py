"""The workflows of an application, compiled and checked when it is built."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from actum.errors import DefinitionError
from actum.model.action import Actions
from actum.model.code.place import blamed_on
from actum.model.workflows.workflow import Workflow
from actum.model.workflows.workflow_type import WorkflowType, check_workflow_class
from actum.runtime.context.context import Context
from actum.runtime.workflows.starting import start_function


def workflow_types(classes: Sequence[type[Workflow]]) -> dict[str, WorkflowType]:
    """Compiles workflow classes, by their stored names; raises DefinitionError for what cannot work."""
    found: dict[str, WorkflowType] = {}
    for cls in classes:
        with blamed_on(cls):
            check_workflow_class(cls)
            kind = WorkflowType(cls, Context)
        other = found.setdefault(kind.name, kind)
        if other is not kind:
            raise DefinitionError(
                f"two workflows are stored as {kind.name!r}: {other.cls.__qualname__} and "
                f"{cls.__qualname__}; give one of them name="
            )
    return found


def bind_starts(groups: Sequence[Actions], kinds: Mapping[str, WorkflowType]) -> None:
    """Gives the triggers that start workflows their functions; raises DefinitionError for one not listed."""
    for group in groups:
        for place, bound in enumerate(group.bound):
            if bound.starts is None:
                continue
            cls = bound.starts.workflow
            kind = kinds.get(cls.__workflow_options__.name)
            if kind is None or kind.cls is not cls:
                raise DefinitionError(
                    f"{cls.__name__} is started by a trigger and is not among the application's workflows: "
                    f"add it to App(workflows=[{cls.__name__}])"
                )
            group.bound[place] = replace(bound, function=start_function(bound, kind))
