"""The page about queries: its application runs, and pages as the page says."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actum.testing import testing

PAGE = (Path(__file__).parents[2] / "docs" / "queries.md").read_text()
CODE = "\n\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The blocks of the page as one module."""
    name = f"queries_page_{os.getpid()}"
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / f"{name}.py").write_text(CODE)
    yield __import__(name)
    del sys.modules[name]


async def test_its_search_finds_by_words_in_the_order_of_relevance(page: Any) -> None:
    async with testing(page.library) as t:
        await t.ctx.entity(page.Article, "a").publish("On dogs", "An école for foxes, by a fox")
        await t.ctx.entity(page.Article, "b").publish("On foxes", "They run")
        await t.settle()

        async def found(words: str) -> list[str]:
            answer = await t.http.get("/articles", params={"words": words})
            return [article["id"] for article in answer.json()["items"]]

        assert await found("FOXES") == ["b", "a"]
        assert await found('"fox*" & ecole') == ["a"]
        assert sorted(await found("?!")) == ["a", "b"]


async def test_its_pages_follow_one_another_in_python_and_over_http(page: Any) -> None:
    async with testing(page.app) as t:
        for number in range(5):
            await t.ctx.entity(page.Note, f"n{number}").write(f"title {number}", "x" * number)
        await t.settle()

        assert await page.every_title(t.ctx) == [f"title {number}" for number in (4, 3, 2, 1, 0)]
        first = await t.http.get("/notes", params={"least": 1, "size": 3, "total": "true"})
        second = await t.http.get("/notes" + first.links["next"]["url"])
        assert [line["id"] for line in first.json()["items"] + second.json()["items"]] == [
            "n4",
            "n3",
            "n2",
            "n1",
        ]
        assert first.json()["total"] == 4
