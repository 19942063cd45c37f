"""The store of workflows, a part of the database: what every adapter guarantees, and what it raises."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import Literal

from msgspec import Struct

Status = Literal["running", "paused", "stalled", "completed", "failed", "cancelled"]
"""`running` includes those that wait; `stalled` ones stand still until somebody resumes them."""
ENDED: frozenset[Status] = frozenset({"completed", "failed", "cancelled"})
Ending = Literal["", "failed", "cancelled", "timed out"]
"""Why a workflow is running its compensations, or has run them; "" while it goes forward."""

OPERATOR_ACTS = "$operator"
"""The kind under which it is recorded what operators did: it ends at once, and no class runs it."""

WorkflowKey = tuple[str, str]
"""The kind and the id of a workflow."""


class NewWorkflow(Struct, frozen=True):
    """A workflow to be started at `time`. Times are in microseconds since 1970.

    `input` is a JSON array of arguments, `call` identifies the start ("" is that of any). `subject` is the
    entity (KIND/ID) whose event started it: the workflow goes when that is erased. `traceparent` is the trace
    that it was started in, "" outside one.
    """

    kind: str
    id: str
    input: bytes
    call: str
    time: int
    deadline: int | None = None
    correlation_id: str = ""
    causation_id: str = ""
    by: str = ""
    subject: str = ""
    traceparent: str = ""


class Started(Struct, frozen=True):
    """The outcome of a start: the workflow's number, and whether it was new, there, or another's."""

    number: int
    status: Literal["new", "known", "reused"]


class StoredWorkflow(Struct, frozen=True):
    """A workflow as it is stored; its `number` differs from that of an earlier one of the same id.

    `due` is when it has something to do, None if only a signal or a request can wake it. `wakes` counts
    those. `outcome` is what it returned, as JSON, or why it failed. `state` holds its fields, as JSON.
    `generation` counts how often it was started again. `request` is what an operator asks for.
    """

    number: int
    kind: str
    id: str
    status: Status
    due: int | None
    wakes: int
    request: str
    input: bytes
    state: bytes
    outcome: bytes
    ending: Ending
    error: str
    attempts: int
    generation: int
    deadline: int | None
    created: int
    updated: int
    correlation_id: str
    causation_id: str
    by: str
    subject: str
    traceparent: str = ""


class StepRecord(Struct, frozen=True):
    """What one step, signal, timer or call of a workflow came to.

    `name` and `occurrence` (from 1) identify it, `place` is its number in the order of recording.
    """

    name: str
    occurrence: int
    place: int
    body: bytes
    time: int


class NewSignal(Struct, frozen=True):
    """A signal to a workflow; with a `once`, it is sent only once, and `call` identifies that."""

    kind: str
    id: str
    name: str
    body: bytes
    time: int
    once: str | None = None
    call: str = ""


class StoredSignal(Struct, frozen=True):
    """A signal that was not taken yet; signals of a workflow are taken in the order of their ids."""

    id: int
    name: str
    body: bytes
    time: int


class LoadedWorkflow(Struct, frozen=True):
    """A workflow with its records, in order, and the signals that it has not taken."""

    workflow: StoredWorkflow
    records: list[StepRecord]
    signals: list[StoredSignal]


class WorkflowChange(Struct, frozen=True):
    """What is recorded for a workflow in one transaction.

    `records` replace those of the same name and occurrence; before that, records at or after the place
    `drop_from` go. `taken` signals are removed. `due` is kept only while the workflow was not woken since
    `wakes`; else it is due at once. `waits_for` lists workflows whose end wakes this one, by their keys.
    `answers` is a request that is cleared unless another one was made meanwhile.
    """

    number: int
    status: Status
    due: int | None
    wakes: int
    time: int
    state: bytes = b""
    outcome: bytes = b""
    ending: Ending = ""
    error: str = ""
    attempts: int = 0
    generation: int = 1
    deadline: int | None = None
    records: tuple[StepRecord, ...] = ()
    taken: tuple[int, ...] = ()
    waits_for: tuple[WorkflowKey, ...] = ()
    drop_from: int | None = None
    answers: str = ""


class WorkflowCount(Struct, frozen=True):
    """How many workflows of a kind have a status."""

    kind: str
    status: Status
    count: int


class WorkflowStore(ABC):
    """Stores workflows. Every method is one transaction, durable when it returns.

    The slice of a workflow is its number modulo the database's `slices`.
    """

    @abstractmethod
    async def start_workflows(self, new: Sequence[NewWorkflow]) -> list[Started]:
        """Stores those of the workflows that are not there, due at once; says for each which number it has.

        One that is there is `known` if its `call` is the same, and else `reused`.
        """

    @abstractmethod
    async def record_workflows(self, changes: Sequence[WorkflowChange]) -> list[int | None]:
        """Records changes, at most one a workflow; gives how often each was woken, None for one that is gone.

        One that ends wakes those that wait for it; one that waits for another that has ended is due at once.
        Recording the same change again changes nothing more.
        """

    @abstractmethod
    async def due_workflows(
        self, kind: str, up_to: int, limit: int, *, slices: Collection[int] | None = None
    ) -> list[tuple[str, int]]:
        """Gives a kind's workflows that are due by a time, the earliest first: id, and how often woken.

        With `slices`, those of other slices are left out.
        """

    @abstractmethod
    async def next_workflow(
        self, kind: str, after: int, *, slices: Collection[int] | None = None
    ) -> int | None:
        """Gives the earliest time beyond `after` at which a workflow of a kind, or of some slices, is due."""

    @abstractmethod
    async def load_workflows(self, kind: str, ids: Sequence[str]) -> list[LoadedWorkflow]:
        """Loads those of the workflows that exist, in any order.

        There may be fewer than exist, if they are large, but not none.
        """

    @abstractmethod
    async def workflow(self, kind: str, id: str) -> StoredWorkflow | None:
        """Gives one workflow."""

    @abstractmethod
    async def workflows(
        self,
        *,
        kind: str | None = None,
        status: Status | None = None,
        after: int = 0,
        limit: int = 100,
        reverse: bool = False,
    ) -> list[StoredWorkflow]:
        """Lists a page of workflows by number, beyond `after`.

        If `reverse`, the newest come first, and beyond `after` are those that are older; 0 begins.
        """

    @abstractmethod
    async def workflow_records(self, kind: str, id: str, *, after: int = 0, limit: int) -> list[StepRecord]:
        """Lists a page of a workflow's records by place, beyond `after`."""

    @abstractmethod
    async def workflow_counts(self) -> list[WorkflowCount]:
        """Counts the workflows that have not ended, by kind and status."""

    @abstractmethod
    async def remove_ended_workflows(self, kind: str, before: int, limit: int) -> int:
        """Removes workflows of a kind that ended before a time, with their records; gives how many.

        It begins with those that ended first, and takes as many as have `limit` records together, or one.
        One of which something was requested stays.
        """

    @abstractmethod
    async def signal_workflow(self, signal: NewSignal) -> Status | None:
        """Stores a signal and wakes its workflow; gives the status of that, None if there is none.

        Nothing is stored for one that has ended. Raises KeyReused when a `once` was used for another call.
        """

    @abstractmethod
    async def request_workflow(self, kind: str, id: str, request: str) -> bool:
        """Asks the process that runs a workflow for something, and wakes it; False if there is none."""
