"""What Actum compiles from a workflow class: its input, its result and its state, all checked."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
from msgspec.json import encode

from actum.errors import DefinitionError, WrongState
from actum.model.code.function_kind import function_kind
from actum.model.people.sealing import sealed_type
from actum.model.retries import Retries
from actum.model.signature import Signature
from actum.model.values.round_trip import LOST, reason_of
from actum.model.values.serialisable import check_serialisable
from actum.model.workflows.owner import WorkflowOwner
from actum.model.workflows.workflow import RESERVED, Workflow


class WorkflowType:
    """One workflow class, compiled; `context` is the class of what its `run` is given first."""

    def __init__(self, cls: type[Workflow], context: type[Any]) -> None:
        options = cls.__workflow_options__
        self.cls = cls
        self.name: str = options.name
        self.timeout: timedelta | None = options.timeout
        self.retries: Retries = options.retries
        self.keep_for: timedelta | None = options.keep_for
        self._check_fields()
        self.run: Callable[..., Any] = self._run_of(cls)
        self.signature: Signature = Signature(self.run, f"{self.name}.run", leading=(context,))
        self.owner: WorkflowOwner = WorkflowOwner(self.name, options.person, self.signature)
        self.is_personal: bool = self.owner.is_personal
        self._refuse_personal_fields()
        self.has_state: bool = bool(cls.__struct_fields__)
        self._read_state: Callable[[bytes], Workflow] = msgspec.json.Decoder(cls).decode

    def __repr__(self) -> str:
        return f"<WorkflowType {self.name}>"

    def write_state(self, workflow: Workflow) -> bytes:
        """Writes the fields as JSON; raises WrongState for what does not fit their annotations."""
        if not self.has_state:
            return b""
        try:
            written = encode(workflow)
            self._read_state(written)
        except LOST as error:
            raise WrongState(
                f"{self.name}: a field has a value that does not fit its annotation: {reason_of(error)}"
            ) from error
        return written

    def read_state(self, body: bytes) -> Workflow:
        """Reads the fields as they were recorded last; those of a class that has changed are the defaults."""
        try:
            return self._read_state(body) if body else self.cls()
        except msgspec.ValidationError:
            return self.cls()

    def _run_of(self, cls: type[Workflow]) -> Callable[..., Any]:
        run: Any = getattr(cls, "run", None)
        usage = "write `async def run(self, ctx: Context, …) -> …`"
        if run is None:
            raise DefinitionError(f"workflow {cls.__name__} has no run: {usage}")
        kind = function_kind(run)
        if kind == "generator":
            raise DefinitionError(
                f"workflow {cls.__name__}: run is a generator (it has a yield), so calling it runs nothing: "
                "await self.step(…) for what it does, and return its result"
            )
        if kind == "plain":
            raise DefinitionError(f"workflow {cls.__name__}: run is not async: {usage}")
        return run  # type: ignore[no-any-return]

    def _refuse_personal_fields(self) -> None:
        """Raises DefinitionError for fields with personal values: they are what a workflow shows."""
        sealed = sealed_type(self.cls, self.name)
        if sealed is not None:
            raise DefinitionError(
                f"workflow {sealed.where} has fields with Personal values, and fields are what operators are "
                "shown of a workflow: keep personal data in variables of `run`, and in what its steps return"
            )

    def _check_fields(self) -> None:
        name = self.cls.__name__
        for taken in sorted(RESERVED & set(self.cls.__struct_fields__)):
            raise DefinitionError(
                f"{name}.{taken}: every workflow has `{taken}` already; give the field another name"
            )
        for taken in sorted(RESERVED - {"run"}):
            if taken in self.cls.__dict__:
                raise DefinitionError(f"{name}.{taken}: every workflow has `{taken}` already; rename yours")
        try:
            self.cls()
        except TypeError as error:
            raise DefinitionError(f"{name}: {error}; every field of a workflow needs a default") from error
        for field in msgspec.structs.fields(self.cls):
            check_serialisable(field.type, f"{name}.{field.name}")


def check_workflow_class(cls: Any) -> None:
    """Raises DefinitionError for what is listed among an application's workflows and is none."""
    if not (isinstance(cls, type) and issubclass(cls, Workflow) and cls is not Workflow):
        raise DefinitionError(f"workflows= lists {cls!r}, which is no Workflow class")
