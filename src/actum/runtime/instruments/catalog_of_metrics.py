"""The metrics that there are: their names, kinds, labels, and what each says."""

from typing import Literal

from msgspec import Struct

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""The upper bounds of the buckets of times."""
SIZES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0)
"""The upper bounds of the buckets of how many there were."""


class Metric(Struct, frozen=True, eq=False):
    """A metric: a counter only grows, a gauge is a value now, a histogram counts values by size.

    `unit` is `s` for seconds, or `1`. Equal only to itself, because it is the key of what is measured.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    help: str
    unit: str = "1"
    bounds: tuple[float, ...] = ()


def _times(name: str, labels: tuple[str, ...], help: str) -> Metric:
    return Metric(name, "histogram", labels, help, "s", SECONDS)


def _sizes(name: str, labels: tuple[str, ...], help: str) -> Metric:
    return Metric(name, "histogram", labels, help, "1", SIZES)


def _count(name: str, labels: tuple[str, ...], help: str) -> Metric:
    return Metric(name, "counter", labels, help)


def _value(name: str, labels: tuple[str, ...], help: str, unit: str = "1") -> Metric:
    return Metric(name, "gauge", labels, help, unit)


REQUESTS: Metric = _times(
    "actum_request_seconds",
    ("method", "route", "status"),
    "HTTP requests by the pattern of their route, and by the class of the status.",
)
COMMANDS: Metric = _times(
    "actum_command_seconds", ("command", "outcome"), "Commands, until their events are durable."
)
QUERIES: Metric = _times("actum_query_seconds", ("query", "outcome"), "Queries of entities.")
LOADS: Metric = _times(
    "actum_load_seconds", ("outcome",), "Reads of entities from the journal, many at a time."
)
LOADED: Metric = _count("actum_loaded_entities_total", (), "Entities that were loaded from the journal.")
COMMITS: Metric = _times("actum_commit_seconds", ("outcome",), "Transactions of the journal.")
BATCHES: Metric = _sizes("actum_commit_writes", (), "Commands that were written in one transaction.")
CONFLICTS: Metric = _count(
    "actum_conflicts_total", (), "Writes that another process was faster than; they run again."
)
STORE_ERRORS: Metric = _count(
    "actum_store_errors_total", ("store", "error"), "Calls to the journal or the database that failed."
)
VIEW_BATCHES: Metric = _times(
    "actum_view_batch_seconds", ("view", "outcome"), "Batches of events folded by a view."
)
VIEW_EVENTS: Metric = _count("actum_view_events_total", ("view",), "Events that a view has folded.")
VIEW_QUERIES: Metric = _times(
    "actum_view_query_seconds", ("view", "query", "outcome"), "Queries of views, and rows that were read."
)
VIEW_WAITS: Metric = _times(
    "actum_view_wait_seconds", ("view",), "How long queries waited until a view showed what was written."
)
ACTIONS: Metric = _times(
    "actum_action_seconds", ("action", "outcome"), "Attempts of actions, by event or clock."
)
MESSAGES: Metric = _times(
    "actum_message_seconds", ("queue", "action", "outcome"), "Attempts at messages of queues."
)
TIMERS: Metric = _times("actum_timer_seconds", ("outcome",), "Attempts at timers and deadlines.")
STEPS: Metric = _times(
    "actum_step_seconds", ("workflow", "step", "outcome"), "Attempts at steps and calls of workflows."
)
POSITION: Metric = _value("actum_position", (), "The position of the newest event that this process knows.")
LAG: Metric = _value(
    "actum_lag",
    ("part", "name"),
    "Positions of the journal that a view or action is behind; messages that wait, workflows that are due.",
)
LAG_SECONDS: Metric = _value(
    "actum_lag_seconds", ("part", "name"), "How old the oldest is of what a part has not handled.", "s"
)
READY: Metric = _value(
    "actum_ready", ("part", "name"), "1 for a part that goes on, 0 for one that has stopped or lags."
)
QUEUE_DEPTH: Metric = _value("actum_queue_messages", ("queue",), "Messages that wait in a queue.")
LETTERS: Metric = _value(
    "actum_letters", ("action", "status"), "Items that failed, and wait for a retry or for an operator."
)
ROWS_ASIDE: Metric = _value("actum_rows_set_aside", ("view",), "Rows of a view that stand still at an event.")
WORKFLOWS: Metric = _value(
    "actum_workflows", ("workflow", "status"), "Workflows that have not ended, by status."
)
LIVE_ENTITIES: Metric = _value("actum_live_entities", (), "Entities in the memory of this process.")
STAGED: Metric = _value("actum_staged_writes", (), "Commands that wait to be written.")
LOOP_DELAY: Metric = _value(
    "actum_loop_delay_seconds", (), "The longest that the event loop was busy since the last sample.", "s"
)

METRICS: tuple[Metric, ...] = (
    REQUESTS,
    COMMANDS,
    QUERIES,
    LOADS,
    LOADED,
    COMMITS,
    BATCHES,
    CONFLICTS,
    STORE_ERRORS,
    VIEW_BATCHES,
    VIEW_EVENTS,
    VIEW_QUERIES,
    VIEW_WAITS,
    ACTIONS,
    MESSAGES,
    TIMERS,
    STEPS,
    POSITION,
    LAG,
    LAG_SECONDS,
    READY,
    QUEUE_DEPTH,
    LETTERS,
    ROWS_ASIDE,
    WORKFLOWS,
    LIVE_ENTITIES,
    STAGED,
    LOOP_DELAY,
)
"""All of them, in the order in which they are shown."""
