"""The code of pages that are programs of their own: the blocks of each are one module, and its tests pass."""

import inspect
import re
import sys
from collections.abc import Generator
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ["tutorial", "from-castore", "from-akka", "from-eventsourcing"]


def code_of(page: str) -> str:
    return "\n".join(re.findall(r"```python\n(.*?)```", (DOCS / f"{page}.md").read_text(), re.DOTALL))


def names_of(page: str) -> list[str]:
    return re.findall(r"^(?:async )?def (test_\w+)", code_of(page), re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """A folder from which modules are imported."""
    folder = tmp_path_factory.mktemp("pages")
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture
def page(request: pytest.FixtureRequest, folder: Path) -> Any:
    """A page's Python, as one module; imported once, since a library may remember its classes."""
    name = f"page_{request.param.replace('-', '_')}"
    if name not in sys.modules:
        (folder / f"{name}.py").write_text(code_of(request.param))
        invalidate_caches()
    return import_module(name)


@pytest.mark.parametrize(
    ("page", "test"), [(page, test) for page in PAGES for test in names_of(page)], indirect=["page"]
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
