"""The database, which stores what is derived from events: what every adapter guarantees, and what it raises.

It holds the rows and checkpoints of views, the checkpoints of actions, queues, timers and dead letters. All
of it follows from events or waits to be processed; no command is decided on it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, Self

from msgspec import Struct

from actum.model.deletion import ERASED
from actum.model.view import ViewType
from actum.ports.letter import LetterStatus, Request
from actum.ports.membership import Lease, Membership, SoleMembership
from actum.ports.message import Message, NewMessage
from actum.ports.transfer import DatabaseTransfer
from actum.ports.workflows import WorkflowStore

MAX_QUERY_TIME = timedelta(seconds=30)
"""How long a query over views may take by default."""
MAX_ANSWER_BYTES: int = 32 * 1024 * 1024
"""How many bytes of text and binary content an answer may have by default."""

Source = Literal["events", "messages", "timers"]


class ViewState(Struct, frozen=True):
    """One generation of a view's table: its rows equal the fold of the feed up to `checkpoint`.

    Queries read the generation that `is_live`; another one may be being built beside it. Generations of a
    view are numbered from 1, and no number is used twice.
    """

    name: str
    generation: int
    fingerprint: str
    checkpoint: int
    is_live: bool


class NewSetAside(Struct, frozen=True):
    """A row that keeps its last good state, because the event at `position` cannot be folded into it.

    `key` is the row's key as JSON, or `@POSITION` for an event whose row cannot be determined. `time` is when
    folding failed, in microseconds since 1970.
    """

    key: str
    position: int
    error: str
    time: int


class SetAside(Struct, frozen=True):
    """A row that has been set aside `since` a time; `waiting` of its events are not folded yet.

    `is_asked` says that an operator asked to have them folded again.
    """

    view: str
    generation: int
    key: str
    position: int
    error: str
    since: int
    is_asked: bool
    waiting: int


class AsideChanges(Struct, frozen=True):
    """What changes among the rows that are set aside, in the transaction that writes rows and checkpoint.

    `waits` adds waiting events, by key and position. `done` removes those of a key up to a position, which
    have been folded. `freed` are the keys that are no longer set aside; they are freed before the rows of
    `set_aside` are.
    """

    set_aside: tuple[NewSetAside, ...] = ()
    waits: tuple[tuple[str, int], ...] = ()
    done: tuple[tuple[str, int], ...] = ()
    freed: tuple[str, ...] = ()


NOTHING_ASIDE = AsideChanges()


class Binding(Struct, frozen=True):
    """The application and the journal that a database belongs to.

    When it was last checked, the journal had the event that `mark` describes at `position`. `allowance` is
    how far the database had got when it was bound, if that was beyond the end of the journal.
    """

    application: str
    journal: str
    position: int = 0
    mark: str = ""
    allowance: int = 0


class Answer(Struct, frozen=True):
    """The rows that a query gave, as the database stores them, and the kind of each column."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    kinds: tuple[str, ...] = ()


class NewLetter(Struct, frozen=True):
    """An item that cannot be processed yet: it failed, or it waits behind a failed item with its key.

    `position` is its place in its source and orders the letters of a key; `body` is what is needed to process
    it again. `time` is when it failed or began to wait. Times are in microseconds since 1970. `failure` is
    the error for which the item was given up, once the action's `on_failure` is to handle it. `slice` is that
    of its key, and not stored.
    """

    action: str
    key: str
    position: int
    body: bytes
    status: LetterStatus
    attempts: int
    due: int
    error: str
    time: int
    failure: str = ""
    slice: int = 0


class Letter(Struct, frozen=True):
    """A stored letter. `first_failed` and `last_failed` are 0 for one that only waits."""

    id: int
    action: str
    key: str
    position: int
    body: bytes
    status: LetterStatus
    attempts: int
    due: int
    error: str
    first_failed: int
    last_failed: int
    request: Request | None
    failure: str = ""


class LetterCount(Struct, frozen=True):
    """How many letters of an action have a status."""

    action: str
    status: LetterStatus
    count: int


class NewTimer(Struct, frozen=True):
    """A command to be sent later; `due` is in microseconds since 1970, `arguments` is a JSON array.

    `span` is the delay that the timer was set with, in microseconds; 0 if it was set for a given time.
    `traceparent` is the trace that it was set in, "" outside one.
    """

    name: str
    due: int
    kind: str
    entity_id: str
    command: str
    arguments: bytes
    correlation_id: str
    causation_id: str = ""
    by: str = ""
    span: int = 0
    traceparent: str = ""


class DeadlineChange(Struct, frozen=True):
    """What an event at `position` changes: the timer of the name `name` is stored, or (None) removed.

    With `cause`, it is removed only if that is the causation of the stored one.
    """

    name: str
    position: int
    timer: NewTimer | None = None
    cause: str = ""


class DeadlineProgress(Struct, frozen=True):
    """How far the feed was followed for deadlines, from `before` to `checkpoint`, and what changes."""

    before: int
    checkpoint: int
    changes: tuple[DeadlineChange, ...] = ()


class Mark(Struct, frozen=True):
    """The idempotency mark of a call that adds a timer: with the same `once`, a timer is added only once.

    `call` identifies the call ("" matches any); `time` is when it was made (microseconds since 1970).
    """

    once: str
    call: str
    time: int


class Timer(NewTimer, frozen=True, kw_only=True):
    """A stored timer; its `id` differs from that of an earlier timer of the same name."""

    id: int


class Erasure(Struct, frozen=True):
    """An erasure of an entity, which was begun when the journal's last position was `since`, and why."""

    kind: str
    id: str
    since: int
    why: str = ERASED


class KeptName(Struct, frozen=True):
    """A name under which something is stored, and how many of it.

    It names the action of letters, of a checkpoint or of a tick, the kind of the entities that timers send
    commands to, or that of workflows that have not ended.
    """

    sort: Literal["letters", "checkpoint", "tick", "timers", "workflows"]
    name: str
    count: int


class SliceState(Struct, frozen=True):
    """How far one slice of an event action is: its low-water mark, and from where each trigger applies."""

    checkpoint: int
    triggers: dict[str, int]


class SliceMove(Struct, frozen=True):
    """The new low-water mark of a slice, and the one `before`, which it replaces."""

    slice: int
    before: int
    checkpoint: int


class Progress(Struct, frozen=True):
    """The progress of an action, written in one transaction.

    For events, `checkpoint` is the new low-water mark and `before` the one it replaces; where the action is
    split, `moves` are those of slices instead, with their letters. For messages and timers, `done` lists the
    ids to be removed from their table; those of `letters` must be among them. No letter is added for what is
    a letter already (same action, key, position and body), for a message or timer that is no longer in its
    table, or for an event of an entity that was erased after it.
    """

    action: str
    source: Source
    before: int = 0
    checkpoint: int = 0
    done: tuple[int, ...] = ()
    letters: tuple[NewLetter, ...] = ()
    moves: tuple[SliceMove, ...] = ()


class Database(WorkflowStore, ABC):
    """Stores what is derived from events, and workflows.

    Every method is one transaction, durable when it returns. Every method raises Unavailable while the store
    cannot be reached, and StoreFailed once a commit or sync has failed. If it `is_shared`, several processes
    may use it, and work that one of them does for all is written `under` a lease from the membership. A page
    ends after MAX_PAGE_BYTES at the latest, and is empty only if there is nothing more.
    """

    is_shared: bool = False
    slices: int = 1
    """Into how many slices the work of an action is split, for several processes to share it."""
    leases: tuple[Lease, ...] = ()
    """The leases under which this database is used."""
    transfer: DatabaseTransfer | None = None
    """What gives and takes everything when an application moves to another store; None if nothing can."""

    @property
    def failure(self) -> str | None:
        """Why writing has stopped until the store is opened again; None while the store accepts writes."""
        return None

    @property
    def refuses_writes(self) -> bool:
        """Whether the store has refused a write within the last seconds, as with a full disk."""
        return False

    # Processes

    def join(self, works: Sequence[str]) -> Membership:
        """Adds this process to the membership, as one that can do these works."""
        return SoleMembership(works)

    async def is_attended(self) -> bool:
        """Says whether some process of the membership handles the requests of others."""
        return False

    def under(self, *leases: Lease) -> Self:
        """Gives this database as the holder of these leases uses it.

        Once another process has one of them, its `rebuild_view`, `promote_view`, `project`, `save`,
        `update_letter`, `remove_letter`, `set_triggers`, `set_slices`, `set_tick` and `record_workflows`
        raise LeaseLost, which says whose leases are lost, and write nothing.
        """
        return self

    # Views

    @abstractmethod
    async def prepare_view(self, view: ViewType) -> ViewState:
        """Gives the newest generation with this view's fingerprint, or creates an empty one at checkpoint 0.

        The first generation of a view is live at once, a later one when it is promoted. SQL finds the live
        one under the view's own name.
        """

    @abstractmethod
    async def rebuild_view(self, view: ViewType) -> ViewState:
        """Starts a new, empty generation beside the live one, and clears the request for it.

        An unfinished generation with the same fingerprint is dropped.
        """

    @abstractmethod
    async def promote_view(self, view: ViewType, generation: int) -> None:
        """Makes a generation the live one and drops every other, in one step.

        Raises StaleWrite, and changes nothing, when the generation is gone.
        """

    @abstractmethod
    async def rows(self, view: ViewType, generation: int, keys: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Gives the rows that exist among these keys, however many, as columns in the view's order.

        Keys are values as the view's key field holds them. Raises StaleWrite when the generation is gone, and
        Invalid for a key that the store cannot hold.
        """

    @abstractmethod
    async def project(
        self,
        view: ViewType,
        generation: int,
        *,
        before: int,
        checkpoint: int,
        written: Sequence[tuple[Any, ...]],
        deleted: Sequence[Any],
        aside: AsideChanges = NOTHING_ASIDE,
        can_wait: bool = False,
    ) -> None:
        """Writes whole rows, deletes keys, and moves the checkpoint from `before`, in one transaction.

        Rows are as `ViewType.row_to_sql` gives them, keys as the view's key field holds them; no key comes
        twice. The changes among the rows that are set aside are written too. Raises StaleWrite and writes
        nothing when the checkpoint is not `before` or the generation is gone. Raises AuthorError when a row
        or key does not fit its columns. What `can_wait` may be written some milliseconds later, with what
        others write, unless somebody calls `hurry`.
        """

    def hurry(self) -> None:
        """Has what can wait be written now, because somebody waits for it; puts nothing off by default."""

    @abstractmethod
    async def refusals(self, view: ViewType, generation: int, rows: Sequence[tuple[Any, ...]]) -> list[str]:
        """Says for each row why it cannot be stored, or "" if it can; writes none of them.

        Raises StaleWrite when the generation is gone.
        """

    @abstractmethod
    async def held(self, name: str, generation: int, keys: Sequence[str]) -> set[str]:
        """Gives those of the keys (as JSON) whose rows are set aside."""

    @abstractmethod
    async def set_aside(
        self,
        name: str | None = None,
        generation: int | None = None,
        *,
        is_asked: bool | None = None,
        limit: int = 100,
    ) -> list[SetAside]:
        """Lists rows that are set aside, of one view or of all, the oldest first."""

    @abstractmethod
    async def count_set_aside(self, name: str, generation: int) -> int:
        """Counts the rows that are set aside."""

    @abstractmethod
    async def waiting(self, name: str, generation: int, key: str, limit: int) -> list[int]:
        """Gives the positions of the first events that wait to be folded into a row."""

    @abstractmethod
    async def request_retry(self, name: str, key: str | None = None) -> int:
        """Asks to have the waiting events of a row, or of all a view's rows, folded again; gives how many.

        The process that runs the view does it, and clears the request when it writes the result.
        """

    @abstractmethod
    async def views(self) -> list[ViewState]:
        """Lists every generation of every view."""

    @abstractmethod
    async def request_rebuild(self, name: str) -> None:
        """Asks the process that runs the view to rebuild it."""

    @abstractmethod
    async def rebuild_requests(self) -> set[str]:
        """Gives the names of the views that are to be rebuilt."""

    @abstractmethod
    async def ask(
        self,
        sql: str,
        parameters: Mapping[str, Any],
        *,
        most: int,
        limit: timedelta = MAX_QUERY_TIME,
        most_bytes: int = MAX_ANSWER_BYTES,
    ) -> Answer:
        """Runs a query over the live views; `:name` parameters are bound, never pasted in.

        It does not block the store's other work. Raises TooLarge when there are more than `most` rows or more
        than `most_bytes` in them, and never holds much more than that; Overloaded when the query takes longer
        than `limit`, or too many queries are slow; Unavailable when a view or column is not built (yet); and
        Invalid when the query does more than read, or the parameters do not fit it.
        """

    # Actions

    @abstractmethod
    async def checkpoint(self, action: str, *, at_first: int) -> int:
        """Gives an action's low-water mark in the feed; a new action's mark is `at_first`."""

    @abstractmethod
    async def triggers(self, action: str) -> dict[str, int]:
        """Gives the stored triggers of an action: names, and the position beyond which each applies."""

    @abstractmethod
    async def set_triggers(
        self, action: str, triggers: Mapping[str, int], *, checkpoint: int | None = None
    ) -> None:
        """Replaces the stored triggers of an action and, with `checkpoint`, moves its low-water mark."""

    async def slice_states(self, action: str) -> dict[int, SliceState]:
        """Gives the states of an action's slices that were stored; only where there are several `slices`."""
        raise NotImplementedError

    async def set_slices(self, action: str, states: Mapping[int, SliceState]) -> None:
        """Stores the states of some slices of an action; only where there are several `slices`."""
        raise NotImplementedError

    @abstractmethod
    async def save(self, progress: Progress) -> None:
        """Writes the progress of an action.

        Raises StaleWrite when an event checkpoint is not `before`. Of several slices, those whose checkpoint
        is have then been written, with their letters.
        """

    @abstractmethod
    async def blocked(self, action: str) -> dict[str, int]:
        """Gives the keys of an action that have letters, and how many each has."""

    @abstractmethod
    async def first_letter(self, action: str, key: str) -> Letter | None:
        """Gives the letter of a key with the lowest position."""

    @abstractmethod
    async def update_letter(
        self,
        id: int,
        *,
        status: LetterStatus,
        attempts: int,
        due: int,
        error: str,
        failed_at: int,
        failure: str = "",
        answers: Request | None = None,
    ) -> None:
        """Records another failure of a letter, and clears the request that it `answers`.

        A request that was made meanwhile stays, to be answered next.
        """

    @abstractmethod
    async def remove_letter(self, id: int) -> None:
        """Removes a letter that was processed or skipped; it is no error if it is gone already."""

    @abstractmethod
    async def letters(
        self,
        *,
        action: str | None = None,
        status: LetterStatus | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> list[Letter]:
        """Lists a page of letters by id, beyond `after`."""

    @abstractmethod
    async def letter_counts(self) -> list[LetterCount]:
        """Counts the letters of each action by status, in the order of their names."""

    @abstractmethod
    async def letter(self, id: int) -> Letter | None:
        """Gives one letter."""

    @abstractmethod
    async def request_letter(self, id: int, request: Request) -> bool:
        """Asks the process that runs the action to retry or skip a letter; False if there is no such one."""

    @abstractmethod
    async def edit_letter(self, id: int, body: bytes, *, before: bytes) -> bool:
        """Replaces what a letter is processed with, and asks to have it retried.

        False, and nothing is changed, if there is no such letter, or what it has is not `before`.
        """

    @abstractmethod
    async def requested_letters(self, action: str, *, after: int = 0) -> list[Letter]:
        """Gives a page of the letters of an action that are to be retried or skipped, by id."""

    async def kept_names(self) -> list[KeptName]:
        """Lists every name under which something is stored that needs a declaration of that name."""
        return []

    # Queues

    @abstractmethod
    async def send(self, messages: Sequence[NewMessage]) -> None:
        """Puts messages into their queues, all or none, in order.

        Raises KeyReused and sends none when a `once` was sent before with another call.
        """

    @abstractmethod
    async def messages(self, queue: str, after: int, limit: int) -> list[Message]:
        """Gives a page of a queue's unprocessed messages with an id beyond `after`, in order."""

    @abstractmethod
    async def message_counts(self) -> dict[str, int]:
        """Gives how many messages are in each queue that has some."""

    @abstractmethod
    async def forget_sent(self, before: int) -> int:
        """Removes the `once` marks of messages sent before a time (microseconds since 1970); gives how many.

        It works in steps, with pauses between them, so that other work does not wait.
        """

    # Timers

    @abstractmethod
    async def add_timer(self, timer: NewTimer, mark: Mark | None = None) -> bool:
        """Stores a timer, in place of one of the same name, and says whether the call was the first.

        If the `mark` was used before, nothing is done: that timer is waiting, has fired, or was cancelled.
        Raises KeyReused when the mark was used for another call.
        """

    @abstractmethod
    async def cancel_timer(self, name: str) -> bool:
        """Removes a timer; gives False if there is none of that name."""

    @abstractmethod
    async def save_deadlines(self, progress: DeadlineProgress) -> None:
        """Changes the timers of deadlines, and moves the checkpoint of `$deadlines`, in one transaction.

        Raises StaleWrite when the checkpoint is not `before`. No timer is stored for an event of an entity
        that was erased after it.
        """

    @abstractmethod
    async def timers(
        self, *, up_to: int | None = None, limit: int = 100, after: tuple[int, int] = (0, 0)
    ) -> list[Timer]:
        """Lists a page of timers by (due, id) beyond `after`; with `up_to`, only those due by that time."""

    @abstractmethod
    async def recall_timers(self, now: int) -> int:
        """Moves timers that are due later than their `span` from `now` back to that time; gives how many.

        This corrects them after a clock went back.
        """

    @abstractmethod
    async def next_timer(self) -> int | None:
        """Gives when the earliest timer is due."""

    @abstractmethod
    async def tick(self, action: str, *, at_first: int) -> int:
        """Gives when a clock action is due next (microseconds since 1970); a new one at `at_first`."""

    @abstractmethod
    async def set_tick(self, action: str, due: int) -> None:
        """Records when a clock action is due next."""

    # Binding

    @abstractmethod
    async def binding(self) -> Binding | None:
        """Gives what the database belongs to; None before it is bound."""

    @abstractmethod
    async def bind(self, binding: Binding) -> Binding:
        """Binds the database unless it is bound already, and gives what it belongs to."""

    @abstractmethod
    async def record_position(self, position: int, mark: str) -> None:
        """Records which event the journal has at a position, unless a later position is recorded."""

    @abstractmethod
    async def reached(self) -> int:
        """Gives the highest position that a view or an action has reached."""

    @abstractmethod
    async def start_over(self, binding: Binding, last: int, *, is_other: bool) -> None:
        """Binds the database again, to a journal that ends at `last` and may be another one.

        Views are dropped, to be rebuilt from the beginning. Actions continue after `last` if they were beyond
        it or the journal is another one. Letters of events that the journal does not have are removed;
        messages and timers stay, but for those of deadlines, for which the feed is followed from the
        beginning.
        """

    # Erasing

    @abstractmethod
    async def begin_erasure(self, erasure: Erasure) -> None:
        """Records that an entity is being erased; a recorded erasure stays as it is."""

    @abstractmethod
    async def erasures(self) -> list[Erasure]:
        """Lists the erasures that have begun and not ended."""

    @abstractmethod
    async def end_erasure(self, kind: str, id: str, position: int, *, keys: Sequence[str]) -> None:
        """Removes what is stored for an entity that was erased at `position`, and the record of its erasure.

        That is its timers, but for deadlines that events after `position` have set, the letters of its events
        before `position` and of its timers, messages with one of `keys`, in queues or as letters, and the
        workflows whose `subject` it is. Projectors remove its rows when they reach the `Deleted`.
        """

    async def scrub(self) -> None:
        """Makes sure that the bytes of deleted data are no longer in the store's files."""
        return

    @abstractmethod
    async def close(self) -> None:
        """Releases the store's connections and files."""
