"""What a store's file shows after a fault, read without Actum and held against what clients were told."""

import json
import shutil
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection
from pathlib import Path
from typing import Any

from msgspec import Struct

from tests.faults.load import Answer, Kept, Request

ADDED = ("Deposited", "Rewarded")
EXPECTED = {
    "deposit": ["Deposited"],
    "rewarded": ["Deposited", "Rewarded"],
    "transfer": ["Withdrawn", "Deposited"],
}


class Fact(Struct, frozen=True):
    """One event as the file has it; `time` is in microseconds since 1970."""

    position: int
    kind: str
    id: str
    version: int
    type: str
    payload: dict[str, Any]
    time: int

    @property
    def place(self) -> str:
        """What the event's action notes about it."""
        return f"{self.id}@{self.version}"


class Evidence:
    """Everything that a copy of a store's file shows."""

    def __init__(self, file: Path) -> None:
        connection = sqlite3.connect(file)
        try:
            self.integrity = connection.execute("PRAGMA integrity_check").fetchall()
            self.facts = [
                Fact(position, kind, id, version, type_, json.loads(payload), time)
                for position, kind, id, version, type_, payload, time in connection.execute(
                    """SELECT e.position, kind, id, e.version, type, payload, e.time
                    FROM actum_events e JOIN actum_streams USING (stream) ORDER BY e.position"""
                )
            ]
            self.streams = {
                (kind, id): version
                for kind, id, version in connection.execute("SELECT kind, id, version FROM actum_streams")
            }
            self.checkpoints = dict(
                connection.execute("SELECT name, checkpoint FROM actum_views WHERE is_live").fetchall()
            )
            self.done = connection.execute(
                "SELECT coalesce(max(position), 0) FROM actum_checkpoints WHERE action = 'follow'"
            ).fetchone()[0]
            self.balances = set(connection.execute("SELECT id, balance, events FROM balances"))
            self.notes = set(connection.execute("SELECT mark, times FROM notes"))
            self.waiting = {
                json.loads(body)["mark"] for (body,) in connection.execute("SELECT body FROM actum_messages")
            } | {
                json.loads(arguments)[0]
                for (arguments,) in connection.execute("SELECT arguments FROM actum_timers")
            }
            self.letters = connection.execute("SELECT * FROM actum_letters").fetchall()
        finally:
            connection.close()
        self.noted = Counter(fact.payload["mark"] for fact in self.facts if fact.kind == "Ledger")
        self.accounts = [fact for fact in self.facts if fact.kind == "Account"]
        self.by_mark: dict[str, list[Fact]] = defaultdict(list)
        for fact in self.accounts:
            self.by_mark[fact.payload["mark"]].append(fact)

    @classmethod
    def copied(cls, store: Path, to: Path) -> "Evidence":
        """Reads a copy, so that the file and its log stay for the next start as the fault left them."""
        to.mkdir()
        for file in store.parent.glob(f"{store.name}*"):
            if not file.name.endswith(("-lock", "-shm")):
                shutil.copy(file, to)
        return cls(to / store.name)

    @property
    def readable(self) -> list[Fact]:
        """The events that a reader of the feed could see."""
        return self.facts

    def check(self, kept: Kept, lines: Collection[str], before: "Evidence | None") -> None:
        """Checks I1 to I8 as far as they hold while work is still waiting."""
        assert not kept.strange, kept.strange[0]
        assert self.integrity == [("ok",)]
        self._check_history(before)
        self._check_answers(kept)
        self._check_views()
        self._check_effects(kept, lines)

    def check_settled(self, kept: Kept, lines: Collection[str]) -> None:
        """Checks that nothing is left to do, and that everything was done."""
        assert not self.waiting
        assert not kept.pending
        assert {fact.place for fact in self.accounts} == set(lines) <= self.noted.keys()
        assert set(self.checkpoints.values()) == {self.facts[-1].position}

    def _check_history(self, before: "Evidence | None") -> None:
        self._check_positions()
        versions: Counter[tuple[str, str]] = Counter()
        for fact in self.facts:
            versions[fact.kind, fact.id] += 1
            assert fact.version == versions[fact.kind, fact.id], fact
        assert {stream: version for stream, version in self.streams.items() if version} == versions
        if before is not None:
            seen = before.readable
            assert self.facts[: len(seen)] == seen, "something came before what could be read, or is gone"
            there = {fact.position: fact for fact in self.facts}
            assert all(there.get(fact.position) == fact for fact in before.facts), "an event is there no more"

    def _check_positions(self) -> None:
        assert [fact.position for fact in self.facts] == list(range(1, len(self.facts) + 1))

    def _check_answers(self, kept: Kept) -> None:
        balances = self._balances_after()
        for answer in kept.answers.values():
            if answer.request.sort in EXPECTED:
                self._check_answer(answer, balances)
        for request in (*kept.unsure, *kept.pending):
            if request.sort in EXPECTED:
                found = self._types(request)
                assert found in ([], EXPECTED[request.sort]), f"{request} was done by half: {found}"

    def _check_answer(self, answer: Answer, balances: dict[int, int]) -> None:
        request, found = answer.request, self.by_mark[answer.request.marks[0]]
        if answer.status == 422:
            assert not found, f"{answer} left {found}"
            return
        assert self._types(request) == EXPECTED[request.sort], f"{answer} left {found}"
        assert answer.position == found[-1].position, f"{answer} left {found}"
        shown = [balances[fact.position] for fact in found]
        assert answer.reply == (shown if request.sort == "transfer" else shown[-1]), f"{answer} left {found}"

    def _types(self, request: Request) -> list[str]:
        return [fact.type for fact in self.by_mark[request.marks[0]]]

    def _balances_after(self) -> dict[int, int]:
        """Gives the balance of the account of every event, right after it."""
        balances: Counter[str] = Counter()
        after = {}
        for fact in self.accounts:
            balances[fact.id] += fact.payload["amount"] if fact.type in ADDED else -fact.payload["amount"]
            after[fact.position] = balances[fact.id]
            assert balances[fact.id] >= 0, fact
        return after

    def _check_views(self) -> None:
        rows: dict[str, tuple[str, int, int]] = {}
        balances = self._balances_after()
        for fact in self.accounts:
            if fact.position <= self.checkpoints["balances"]:
                events = rows[fact.id][2] if fact.id in rows else 0
                rows[fact.id] = (fact.id, balances[fact.position], events + 1)
        assert self.balances == set(rows.values())
        seen = [fact for fact in self.facts if fact.position <= self.checkpoints["notes"]]
        times = Counter(fact.payload["mark"] for fact in seen if fact.kind == "Ledger")
        assert self.notes == set(times.items())

    def _is_passed(self, fact: Fact) -> bool:
        """Says whether the action that follows accounts counts an event as done."""
        return fact.position <= self.done

    def _check_effects(self, kept: Kept, lines: Collection[str]) -> None:
        assert not self.letters, self.letters[0]
        doubled = {mark: times for mark, times in self.noted.items() if times > 1}
        assert not doubled, "an effect was not once"
        for fact in self.accounts:
            if self._is_passed(fact):
                assert fact.place in self.noted, f"{fact} was passed over"
                assert fact.place in lines, f"{fact} was passed over by the sink"
        for id in {fact.id for fact in self.accounts}:
            noted = [fact.payload["mark"] for fact in self.facts if fact.id == f"account-{id}"]
            assert noted == [f"{id}@{version}" for version in range(1, len(noted) + 1)], "out of order"
        times = {fact.payload["mark"]: fact.time for fact in self.facts if fact.kind == "Ledger"}
        for answer in kept.answers.values():
            if answer.request.sort in EXPECTED:
                continue
            due = answer.request.since + answer.request.body.get("milliseconds", 0) * 1_000
            for mark in answer.request.marks:
                assert mark in self.noted or mark in self.waiting, f"{mark} of {answer} is lost"
                assert times.get(mark, due) >= due, f"{mark} of {answer} came early"
