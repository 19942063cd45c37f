"""The tables of workflows in PostgreSQL."""

from actum.stores.postgres.database.slices import SLICES
from actum.stores.statements.workflows import HAS_ENDED

OF_SLICE = f"number % {SLICES}"
"""The slice of a workflow; it is part of an index."""
WORKFLOW_SCHEMA = (
    """CREATE TABLE actum_workflows (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text COLLATE "C" NOT NULL,
        id text COLLATE "C" NOT NULL, status text NOT NULL DEFAULT 'running', due bigint DEFAULT 0,
        wakes bigint NOT NULL DEFAULT 0, request text NOT NULL DEFAULT '', input bytea NOT NULL,
        call text NOT NULL, state bytea NOT NULL DEFAULT '', outcome bytea NOT NULL DEFAULT '',
        ending text NOT NULL DEFAULT '', error text NOT NULL DEFAULT '', attempts integer NOT NULL DEFAULT 0,
        generation integer NOT NULL DEFAULT 1, deadline bigint, created bigint NOT NULL,
        updated bigint NOT NULL, correlation_id text NOT NULL, causation_id text NOT NULL,
        "by" text NOT NULL, subject text COLLATE "C" NOT NULL, UNIQUE (kind, id))""",
    "CREATE INDEX actum_workflows_due ON actum_workflows (kind, due) WHERE due IS NOT NULL",
    f"CREATE INDEX actum_workflows_open ON actum_workflows (status, kind) WHERE NOT ({HAS_ENDED})",
    "CREATE INDEX actum_workflows_subject ON actum_workflows (subject) WHERE subject <> ''",
    """CREATE TABLE actum_workflow_records (
        workflow bigint NOT NULL, name text COLLATE "C" NOT NULL, occurrence integer NOT NULL,
        place integer NOT NULL, body bytea NOT NULL, time bigint NOT NULL,
        PRIMARY KEY (workflow, name, occurrence))""",
    """CREATE TABLE actum_workflow_signals (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, workflow bigint NOT NULL, name text NOT NULL,
        body bytea NOT NULL, time bigint NOT NULL)""",
    "CREATE INDEX actum_workflow_signals_workflow ON actum_workflow_signals (workflow, id)",
    """CREATE TABLE actum_workflow_waiters (
        awaited bigint NOT NULL, waiter bigint NOT NULL, PRIMARY KEY (awaited, waiter))""",
    "CREATE INDEX actum_workflow_waiters_waiter ON actum_workflow_waiters (waiter)",
)
WORKFLOW_SLICE_SCHEMA = (
    f"CREATE INDEX actum_workflows_slice ON actum_workflows (kind, ({OF_SLICE}), due) WHERE due IS NOT NULL",
    "DROP INDEX actum_workflows_due",
    f"CREATE INDEX actum_workflows_ended ON actum_workflows (kind, updated) WHERE {HAS_ENDED}",
)
"""Workflows that are due are found by slice, so that the backlog of another process is not read; those that
ended first are found for removal."""
