"""What a process reports in one place: to listeners, and at no cost if there are none."""

import logging
from collections.abc import Sequence
from typing import Any

import pytest

from actum import Actions, App, Context, Rejected
from actum.runtime.instruments import listeners
from actum.runtime.instruments.catalog_of_metrics import Metric
from actum.runtime.instruments.instruments import Instruments, Sample, Work
from actum.runtime.instruments.log_listener import LogListener
from actum.testing import testing
from tests.runtime.bank import Account, Balances, Deposited

actions = Actions()


@actions.on(Deposited)
async def notify(ctx: Context, event: Deposited) -> None:
    if event.amount == 13:
        raise ValueError("no thirteens")


@actions.get("/accounts/{id:str}")
async def show(ctx: Context, id: str) -> int:
    return await ctx.entity(Account, id).current_balance()


app = App("bank", entities=[Account], views=[Balances], actions=[actions])


class Recorder:
    """A listener that records its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.counts: dict[str, int] = {}
        self.errors: list[str] = []
        self.lags: dict[str, int] = {}
        self.gauges: dict[tuple[str, ...], float] = {}

    def started(self, work: Work) -> None:
        self.calls.append(("started", str(work)))

    def ended(self, work: Work, seconds: float, count: int) -> None:
        assert seconds > 0
        self.calls.append(("ended", str(work)))
        self.counts[str(work)] = self.counts.get(str(work), 0) + count

    def refused(self, work: Work, seconds: float, error: str) -> None:
        self.calls.append(("refused", str(work)))
        self.errors.append(error)

    def failed(self, work: Work, seconds: float, error: str) -> None:
        self.calls.append(("failed", str(work)))
        self.errors.append(error)

    def waited(self, work: Work, seconds: float) -> None:
        self.calls.append(("waited", str(work)))

    def lagged(self, work: Work, behind: int) -> None:
        self.lags[str(work)] = behind

    def counted(self, metric: Metric, labels: tuple[str, ...], amount: int) -> None:
        self.calls.append(("counted", metric.name))

    def sampled(self, samples: Sequence[Sample]) -> None:
        self.gauges = {(sample.metric.name, *sample.labels): sample.value for sample in samples}


class Broken:
    """A listener that fails at everything."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("deaf")

    def __repr__(self) -> str:
        return "<Broken>"


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(listeners, "LISTENERS", ((lambda: True, Broken), (lambda: True, lambda: recorder)))
    return recorder


async def test_commands_commits_views_and_actions_are_reported(recorder: Recorder) -> None:
    async with testing(app) as bank:
        await bank.ctx.entity(Account, "a").deposit(1)
        await bank.ctx.entity(Account, "a").deposit(2)
        assert (await bank.ctx.view(Balances).get("a")).balance == 3
        assert await bank.ctx.entity(Account, "a").current_balance() == 3
        await bank.settle()

    assert recorder.counts["command Account.deposit"] == 2
    assert recorder.counts["query Account.current_balance"] == 1
    assert recorder.counts["commit"] == 2
    assert recorder.counts["load"] == 1
    assert recorder.counts["view balances"] == 2
    assert recorder.counts["action notify"] == 2
    started = [work for what, work in recorder.calls if what == "started"]
    ended = [work for what, work in recorder.calls if what == "ended"]
    assert sorted(started) == sorted(ended)
    assert not recorder.errors


async def test_what_fails_is_reported_with_its_reason(recorder: Recorder) -> None:
    async with testing(app) as bank:
        with pytest.raises(Rejected):
            await bank.ctx.entity(Account, "a").withdraw(1)
        await bank.ctx.entity(Account, "a").deposit(13)
        await bank.settle(allows_failures=True)

    assert ("refused", "command Account.withdraw") in recorder.calls
    assert ("failed", "action notify") in recorder.calls
    assert [error for error in recorder.errors if "insufficient funds" in error]
    assert [error for error in recorder.errors if "no thirteens" in error]


async def test_requests_are_reported(recorder: Recorder) -> None:
    async with testing(app) as bank:
        answer = await bank.http.get("/accounts/a")

    assert answer.status_code == 200
    assert recorder.counts["request GET /accounts/{id} 2xx"] == 1
    assert recorder.counts["query Account.current_balance"] == 1


async def test_how_far_views_and_actions_are_behind_is_reported(recorder: Recorder) -> None:
    async with testing(app) as bank:
        await bank.ctx.entity(Account, "a").deposit(1)
        await bank.settle()
        await bank.node.services.readiness.look()

    assert recorder.lags == {"view balances": 0, "action notify": 0, "action timers": 0}


def test_a_listener_that_fails_is_named_once_and_harms_no_other(caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder()
    instruments = Instruments([Broken(), recorder])
    with instruments.measuring(Work("view", "balances"), 3):
        pass

    assert recorder.calls == [("started", "view balances"), ("ended", "view balances")]
    assert recorder.counts == {"view balances": 3}
    assert [record.getMessage() for record in caplog.records] == [
        "<Broken> fails, and is called further on: RuntimeError: deaf"
    ]


async def test_commands_take_no_longer_way_without_listeners() -> None:
    async with testing(app) as bank:
        assert not bank.node.services.instruments.has_listeners
        assert type(bank.node.services.entities).__name__ == "CommandDispatcher"


async def test_the_log_shows_what_happens_at_its_level_debug(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "actum.instruments")
    async with testing(app) as bank:
        await bank.ctx.entity(Account, "a").deposit(1)

    lines = [record.getMessage() for record in caplog.records if record.name == "actum.instruments"]
    assert "command Account.deposit started" in lines
    assert any(line.startswith("commit ended after ") and line.endswith(", for 1") for line in lines)
    assert LogListener.is_wanted()
