"""The database: where what is derived is kept. What every adapter promises, and what it raises.

It holds the rows and checkpoints of views, the checkpoints of actions, queues, timers and dead letters. All
of it follows from events, or waits to be acted on; none of it decides anything.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, Self

from msgspec import Struct

from actum.model.view import ViewType
from actum.ports.membership import Lease, Membership, SoleMembership
from actum.ports.message import Message, NewMessage

MAX_QUERY_TIME = timedelta(seconds=30)
"""How long a query over views may take where nothing else is said."""
MAX_ANSWER_BYTES: int = 32 * 1024 * 1024
"""How much text and content an answer may have where nothing else is said."""

LetterStatus = Literal["waiting", "retrying", "dead"]
Request = Literal["retry", "skip"]
Source = Literal["events", "messages", "timers"]


class ViewState(Struct, frozen=True):
    """One generation of a view's table: rows that equal the fold of the feed up to `checkpoint`.

    Queries read the generation that `is_live`; another one is being built beside it. Generations of a view
    are counted from 1, and no number is given twice.
    """

    name: str
    generation: int
    fingerprint: str
    checkpoint: int
    is_live: bool


class NewSetAside(Struct, frozen=True):
    """A row that keeps its last good state, because the event at `position` cannot be folded into it.

    `key` is the row's, as JSON, or `@POSITION` for an event of which it cannot be told to which row it
    belongs. `time` is when that was seen, in microseconds since 1970.
    """

    key: str
    position: int
    error: str
    time: int


class SetAside(Struct, frozen=True):
    """A row that was set aside `since` a time; `waiting` events of it are not folded yet.

    `is_asked` says that somebody asked to have them folded again.
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
    """What changes among the rows that are set aside, together with rows and checkpoint.

    `waits` are events, by key and position; `done` are those up to a position that were folded after all;
    `freed` are keys of which nothing is left to wait. What is freed is freed before anything is set aside.
    """

    set_aside: tuple[NewSetAside, ...] = ()
    waits: tuple[tuple[str, int], ...] = ()
    done: tuple[tuple[str, int], ...] = ()
    freed: tuple[str, ...] = ()


NOTHING_ASIDE = AsideChanges()


class Binding(Struct, frozen=True):
    """The application and the journal that a database belongs to.

    At `position` the journal had the event that `mark` describes, when it was looked at last. `allowance` is
    how far the database had got when it was bound, if that was further than the journal goes.
    """

    application: str
    journal: str
    position: int = 0
    mark: str = ""
    allowance: int = 0


class Answer(Struct, frozen=True):
    """The rows a query gave, as the database holds them."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class NewLetter(Struct, frozen=True):
    """An item that cannot be done yet: it failed, or it waits behind one of its key that did.

    `position` is its place in its source and orders the letters of a key; `body` is what is needed to do it
    again. `time` is when it failed, or came to wait. Times are in microseconds since 1970. `failure` is the
    error for which the item was given up, once its action's `on_failure` has to deal with that.
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


class Letter(Struct, frozen=True):
    """A kept letter. `first_failed` and `last_failed` are 0 for one that only waits."""

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


class NewTimer(Struct, frozen=True):
    """A command to be sent later; `due` is in microseconds since 1970, `arguments` is a JSON array.

    `span` is how long after it was set it is due, in microseconds; 0 where the moment itself was named.
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


class Mark(Struct, frozen=True):
    """What tells one act of adding a timer from all others: one that has been done is not done again.

    `call` is what it stands for ("" for anything), `time` when it was done (microseconds since 1970).
    """

    once: str
    call: str
    time: int


class Timer(NewTimer, frozen=True, kw_only=True):
    """A kept timer; `id` tells it from an earlier one of the same name."""

    id: int


class Erasure(Struct, frozen=True):
    """An entity that is being erased, which was begun when the journal's last position was `since`."""

    kind: str
    id: str
    since: int


class KeptName(Struct, frozen=True):
    """A name under which something is kept, and how much.

    It names the action of letters, of a checkpoint or of a tick, or the kind of the entities that timers
    command.
    """

    sort: Literal["letters", "checkpoint", "tick", "timers"]
    name: str
    count: int


class Progress(Struct, frozen=True):
    """The progress of an action, written in one transaction.

    For events, `checkpoint` is the new low-water mark and `before` the one it replaces. For messages and
    timers, `done` lists the ids to be removed from their table; those of `letters` must be among them. No
    second letter is made of the same item (same action, key, position and body), and none of a message or
    timer that is gone from its table, or of an event whose entity was erased after it.
    """

    action: str
    source: Source
    before: int = 0
    checkpoint: int = 0
    done: tuple[int, ...] = ()
    letters: tuple[NewLetter, ...] = ()


class Database(ABC):
    """Where what is derived is kept.

    Every method is one transaction, durable when it returns. Every method raises Unavailable while the store
    cannot be reached and StoreFailed once a commit or sync has failed. Where it `is_shared`, several
    processes may use it, and what one of them does for all is written `under` a lease from the membership.
    A page ends after MAX_PAGE_BYTES or earlier, and is empty only where there is nothing.
    """

    is_shared: bool = False

    # Processes

    def join(self, works: Sequence[str]) -> Membership:
        """Gives this process a place on the membership, as one that can do these works."""
        return SoleMembership(works)

    async def is_attended(self) -> bool:
        """Says whether a process is on the membership that works on what others ask for."""
        return False

    def under(self, lease: Lease) -> Self:
        """Gives this database to whoever has a lease.

        Once the lease has passed on, `rebuild_view`, `promote_view`, `project`, `save`, `update_letter`,
        `remove_letter`, `set_triggers` and `set_tick` raise LeaseLost there, and write nothing.
        """
        return self

    # Views

    @abstractmethod
    async def prepare_view(self, view: ViewType) -> ViewState:
        """Gives the newest generation of this view's fingerprint, or creates one, empty, at checkpoint 0.

        The first generation of a view is live at once; a later one when it is promoted. The live one answers
        under the view's own name, to SQL from anywhere.
        """

    @abstractmethod
    async def rebuild_view(self, view: ViewType) -> ViewState:
        """Starts a new, empty generation beside the live one, and clears the request for it.

        One of the same fingerprint that was being built before is dropped.
        """

    @abstractmethod
    async def promote_view(self, view: ViewType, generation: int) -> None:
        """Makes a generation the live one and drops every other, in one step.

        Raises StaleWrite, and changes nothing, when the generation is gone.
        """

    @abstractmethod
    async def rows(self, view: ViewType, generation: int, keys: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Gives the rows that exist of these keys (any number of keys), as columns in the view's order.

        Keys are values as the view's key field holds them. Raises StaleWrite when the generation is gone, and
        Invalid for a key that the store cannot have.
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
    ) -> None:
        """Writes whole rows, deletes keys, and moves the checkpoint from `before`, in one transaction.

        Rows are as `ViewType.row_to_sql` gives them, keys as the view's key field holds them; no key comes
        twice. So is written what changes among the rows that are set aside. Raises StaleWrite, and writes
        nothing, when the checkpoint is not `before` or the generation is gone; raises AuthorError when a row
        or key does not fit its columns.
        """

    @abstractmethod
    async def refusals(self, view: ViewType, generation: int, rows: Sequence[tuple[Any, ...]]) -> list[str]:
        """Says of each row why it cannot be kept, or nothing; writes none of them.

        Raises StaleWrite when the generation is gone.
        """

    @abstractmethod
    async def held(self, name: str, generation: int, keys: Sequence[str]) -> set[str]:
        """Gives those of the keys, as JSON, whose rows are set aside."""

    @abstractmethod
    async def set_aside(
        self,
        name: str | None = None,
        generation: int | None = None,
        *,
        is_asked: bool | None = None,
        limit: int = 100,
    ) -> list[SetAside]:
        """Lists rows that are set aside, of a view or of all, the first that was set aside first."""

    @abstractmethod
    async def count_set_aside(self, name: str, generation: int) -> int:
        """Says how many rows are set aside."""

    @abstractmethod
    async def waiting(self, name: str, generation: int, key: str, limit: int) -> list[int]:
        """Gives the positions of the first events that wait for a row."""

    @abstractmethod
    async def request_retry(self, name: str, key: str | None = None) -> int:
        """Asks to have the waiting events of a row, or of all rows of a view, folded again; gives how many.

        Whoever keeps the view does it, and the request is cleared when it writes down what came of it.
        """

    @abstractmethod
    async def views(self) -> list[ViewState]:
        """Lists every generation of every view."""

    @abstractmethod
    async def request_rebuild(self, name: str) -> None:
        """Asks whoever runs the view to rebuild it."""

    @abstractmethod
    async def rebuild_requests(self) -> set[str]:
        """Gives the names of views that someone asked to have rebuilt."""

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

        What else the store does goes on beside it. Raises TooLarge when there are more than `most` rows, or
        more than `most_bytes` in them, of which little more is ever held; Overloaded when
        the query takes longer than `limit`, or too many queries take long; Unavailable when a
        view or column is not built (yet), and Invalid when the query does more than read, or the parameters
        do not fit it.
        """

    # Actions

    @abstractmethod
    async def checkpoint(self, action: str, *, at_first: int) -> int:
        """Gives an action's low-water mark in the feed; one that has none starts at `at_first`."""

    @abstractmethod
    async def triggers(self, action: str) -> dict[str, int]:
        """Gives what sets an action off, as it was kept: names, and the position beyond which each counts."""

    @abstractmethod
    async def set_triggers(
        self, action: str, triggers: Mapping[str, int], *, checkpoint: int | None = None
    ) -> None:
        """Keeps what sets an action off, in place of what was kept, and moves its low-water mark if told."""

    @abstractmethod
    async def save(self, progress: Progress) -> None:
        """Writes what an action has got done. Raises StaleWrite when an event checkpoint is not `before`."""

    @abstractmethod
    async def blocked(self, action: str) -> dict[str, int]:
        """Gives the keys of an action that have letters, and how many."""

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
        """Writes down another failure of a letter, and clears the request that it `answers`.

        One that was made meanwhile stays, to be answered next.
        """

    @abstractmethod
    async def remove_letter(self, id: int) -> None:
        """Removes a letter that was done or skipped; one that is gone already is no error."""

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
    async def letter(self, id: int) -> Letter | None:
        """Gives one letter."""

    @abstractmethod
    async def request_letter(self, id: int, request: Request) -> bool:
        """Asks whoever runs the action to retry or skip a letter; False if there is no such letter."""

    @abstractmethod
    async def requested_letters(self, action: str, *, after: int = 0) -> list[Letter]:
        """Gives a page of an action's letters that someone asked to have retried or skipped, by id."""

    async def kept_names(self) -> list[KeptName]:
        """Lists every name under which something is kept that waits for a declaration of that name."""
        return []

    # Queues

    @abstractmethod
    async def send(self, messages: Sequence[NewMessage]) -> None:
        """Puts messages into their queues, all or none, in order.

        Raises KeyReused, and sends none, when a `once` was sent before with another call.
        """

    @abstractmethod
    async def messages(self, queue: str, after: int, limit: int) -> list[Message]:
        """Gives a page of a queue's messages that are not done, with an id beyond `after`, in order."""

    @abstractmethod
    async def message_counts(self) -> dict[str, int]:
        """Gives how many messages are in each queue that has some."""

    @abstractmethod
    async def forget_sent(self, before: int) -> int:
        """Forgets which `once` marks were sent before a time (microseconds since 1970); gives how many.

        It does so in steps, with pauses between them, so that nobody waits for it.
        """

    # Timers

    @abstractmethod
    async def add_timer(self, timer: NewTimer, mark: Mark | None = None) -> bool:
        """Keeps a timer, and gives whether it is new; one of the same name is replaced.

        With a `mark` that was used before nothing is done: that timer waits, or has fired, or was cancelled.
        Raises KeyReused when the mark was used for another call.
        """

    @abstractmethod
    async def cancel_timer(self, name: str) -> bool:
        """Removes a timer; False if there is none of that name."""

    @abstractmethod
    async def timers(
        self, *, up_to: int | None = None, limit: int = 100, after: tuple[int, int] = (0, 0)
    ) -> list[Timer]:
        """Lists a page of timers by (due, id) beyond `after`; with `up_to`, only those due by that time."""

    @abstractmethod
    async def recall_timers(self, now: int) -> int:
        """Makes those timers due `span` from now that are due later, as after a clock went back; how many."""

    @abstractmethod
    async def next_timer(self) -> int | None:
        """Gives when the earliest timer is due."""

    @abstractmethod
    async def tick(self, action: str, *, at_first: int) -> int:
        """Gives when a clock action is due next (microseconds since 1970); at first that is `at_first`."""

    @abstractmethod
    async def set_tick(self, action: str, due: int) -> None:
        """Writes down when a clock action is due next."""

    # Belonging

    @abstractmethod
    async def binding(self) -> Binding | None:
        """Gives what the database belongs to; None before it was bound."""

    @abstractmethod
    async def bind(self, binding: Binding) -> Binding:
        """Binds the database unless it is bound already, and gives what it belongs to."""

    @abstractmethod
    async def record_position(self, position: int, mark: str) -> None:
        """Keeps what the journal has at a position, unless more of it is known."""

    @abstractmethod
    async def reached(self) -> int:
        """Gives the highest position that a view or an action has got to."""

    @abstractmethod
    async def start_over(self, binding: Binding, last: int, *, is_other: bool) -> None:
        """Binds the database anew, to a journal that ends at `last` and may be another one.

        Views are dropped, to be built from the beginning; actions go on behind `last` if they were beyond it
        or the journal is another one, and letters of events that it does not have go. Messages and timers
        stay.
        """

    # Erasing

    @abstractmethod
    async def begin_erasure(self, erasure: Erasure) -> None:
        """Writes down that an entity is being erased; one that is begun already stays as it is."""

    @abstractmethod
    async def erasures(self) -> list[Erasure]:
        """Lists the erasures that were begun and not ended."""

    @abstractmethod
    async def end_erasure(self, kind: str, id: str, position: int, *, keys: Sequence[str]) -> None:
        """Removes what is kept of an entity that was erased at `position`, and the word that it was begun.

        That is its timers, the letters of its events before `position` and of its timers, and messages with
        one of `keys`, be they in a queue or letters. Rows of views follow from the feed.
        """

    async def scrub(self) -> None:
        """Has nothing left of what was deleted where the store's files are read byte by byte."""
        return

    @abstractmethod
    async def close(self) -> None:
        """Lets go of the store; what was written stays."""
