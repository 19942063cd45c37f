"""A queue to which a workflow sends in an example: its messages are kept, and nobody handles them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from actum.model.people.message_type import MessageType
from actum.runtime.context.queue_reference import QueueReference
from actum.runtime.context.session import Session
from actum.runtime.workflows.run.execution import WorkflowExecution
from actum.runtime.workflows.stand_ins import StandIn


class StandInQueue(QueueReference):
    """Takes what JSON gives back as it was, of any type: an example knows no action of the queue."""

    def __init__(self, session: Session, name: str, execution: WorkflowExecution, take: StandIn) -> None:
        super().__init__(session, name, MessageType(Any, f"queue {name!r}"))
        self._execution = execution
        self._take = take

    async def _put(self, messages: Sequence[Any], key: str | None, once: str | None) -> None:
        for message in messages:
            self._trip = MessageType(type(message), f"queue {self.name!r}")
            self._written(message)
        await self._execution.call(
            f"queue {self.name}", lambda context: self._take(*messages), msgspec.json.decode
        )
