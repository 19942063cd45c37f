"""A position that a request names, on every kind of store: waited for where it is to come, and no longer."""

import logging
from pathlib import Path

import pytest

from tests.http.bank import bank
from tests.http.serving import serving

MADE_UP = "999999999999999999"


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_store"))
    return "memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/bank.db"


async def test_a_position_that_was_made_up_shows_all_there_is_at_once(
    store: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever waits would be told so, long before the machine is too slow for the test.
    monkeypatch.setattr("actum.runtime.views.reading.PATIENCE", 0.0)
    async with serving(bank(), store) as http:
        written = await http.post("/accounts/a/deposits", json={"amount": 30})
        own = {"Actum-Position": written.headers["actum-position"]}
        while (await http.get("/total", headers=own)).status_code == 503:
            pass
        caplog.clear()

        shown = await http.get("/total", headers={"Actum-Position": MADE_UP})

    assert (shown.status_code, shown.json()) == (200, 30)
    assert shown.headers["actum-position"] == written.headers["actum-position"]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_what_another_process_wrote_is_shown_to_who_names_its_position(postgres_url: str) -> None:
    async with serving(bank(), postgres_url) as one, serving(bank(), postgres_url) as other:
        for amount in range(1, 20):
            written = await one.post("/accounts/a/deposits", json={"amount": amount})
            shown = await other.get(
                "/total", headers={"Actum-Position": written.headers["actum-position"]}, timeout=60
            )

            assert shown.json() == written.json()
