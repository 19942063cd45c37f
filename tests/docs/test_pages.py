"""The code of pages that are programs of their own: the blocks of each are one module, and its tests pass."""

import inspect
import re
import sys
from collections.abc import Generator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ["tutorial", "from-castore", "from-akka", "from-eventsourcing"]


def code_of(page: str) -> str:
    return "\n".join(re.findall(r"```python\n(.*?)```", (DOCS / f"{page}.md").read_text(), re.DOTALL))


def tests_of(page: str) -> list[str]:
    return re.findall(r"^(?:async )?def (test_\w+)", code_of(page), re.MULTILINE)


@pytest.fixture(scope="module", params=PAGES)
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Any]:
    """A page's Python, as one module."""
    name = f"page_{request.param.replace('-', '_')}"
    folder = tmp_path_factory.mktemp(name)
    (folder / f"{name}.py").write_text(code_of(request.param))
    sys.path.insert(0, str(folder))
    try:
        yield import_module(name)
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("page", "test"), [(page, test) for page in PAGES for test in tests_of(page)], indirect=["page"]
)
async def test_the_tests_of_the_page_pass(page: Any, test: str, tmp_path: Path) -> None:
    """Each test that a page shows is a test that passes."""
    function = getattr(page, test)
    done = function(tmp_path) if inspect.signature(function).parameters else function()
    if inspect.isawaitable(done):
        await done


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.stem)
def test_every_page_says_what_it_assumes(path: Path) -> None:
    """The paragraph after the title tells whoever comes from a search what to know before."""
    lines = [line for line in path.read_text().splitlines() if line]

    assert lines[0].startswith("# ")
    assert lines[1].startswith("*Assumes*: ")
