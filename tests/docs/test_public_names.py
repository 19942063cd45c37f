"""What an editor offers authors: the names that they may use, and nothing of what is behind them."""

from actum import Actions, App, Context
from actum.testing import testing

jobs = Actions()


@jobs.queue("jobs")
async def work(ctx: Context, message: str) -> None: ...


def public(found: object) -> set[str]:
    return {name for name in dir(found) if not name.startswith("_")}


async def test_objects_that_authors_hold_have_no_names_but_those_for_them() -> None:
    app = App("office", actions=[jobs])
    async with testing(app) as t:
        assert public(t.ctx) == {
            "atomic",
            "by",
            "cancel",
            "correlation_id",
            "delete",
            "entity",
            "event",
            "forget",
            "history",
            "ids",
            "new_id",
            "now",
            "portrait",
            "principal",
            "queue",
            "schedule",
            "state",
            "timers",
            "token",
            "trace_headers",
            "view",
            "what_if",
            "workflow",
        }
        assert public(t.ctx.queue("jobs")) == {"name", "send", "send_all"}
        assert public(t) == {
            "advance",
            "answer",
            "app",
            "asked",
            "clock",
            "crash",
            "crashing",
            "ctx",
            "failures",
            "http",
            "new_context",
            "node",
            "now",
            "restart",
            "send",
            "settle",
            "store",
        }
