"""The site that is made from the documentation."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

ELSEWHERE = re.compile(r'<(?:script|img|link)[^>]+(?:src|href)="(?:https?:)?//[^"]*"')

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it: a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet"]
    done = subprocess.run(
        [*command, "-b", "html", "-d", str(folder / "trees"), str(DOCS), str(folder / "html")],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "html"


def test_every_page_is_on_the_site_and_in_its_menu(site: Path) -> None:
    """No page can be found by chance alone."""
    menu = (site / "README.html").read_text()

    for page in DOCS.glob("*.md"):
        assert (site / f"{page.stem}.html").exists(), page.name
        assert page.stem == "README" or f'href="{page.stem}.html"' in menu, page.name


def test_the_site_loads_nothing_from_other_hosts(site: Path) -> None:
    """It can be read without a network, and tells nobody who reads it."""
    for page in site.glob("*.html"):
        assert not ELSEWHERE.findall(page.read_text()), page.name


def test_the_reference_has_every_public_name(site: Path) -> None:
    """What `from actum import …` offers is described."""
    reference = "".join(path.read_text() for path in (site / "reference").glob("*.html"))
    public = re.findall(r'^    "(\w+)",$', (ROOT / "src/actum/__init__.py").read_text(), re.MULTILINE)

    assert len(public) > 30
    for name in public:
        assert re.search(rf'id="actum\.(?:errors\.)?{name}"', reference), name


def test_the_help_of_every_command_is_there(site: Path) -> None:
    """The page is made from the commands themselves."""
    page = (site / "reference" / "command-line.html").read_text()

    for command in ("actum run", "actum views rebuild", "actum dead-letters retry"):
        assert f"<h2>{command}" in page


def test_programs_find_every_page_as_markdown(site: Path) -> None:
    """`llms.txt` lists the pages, and each is there without HTML round it."""
    listed = re.findall(r"^- \[[^\]]+\]\(([^)]+)\)$", (site / "llms.txt").read_text(), re.MULTILINE)

    assert {f"{page.stem}.md" for page in DOCS.glob("*.md")} - {"README.md"} <= set(listed)
    for name in listed:
        assert (site / name).read_text().startswith("# ")
