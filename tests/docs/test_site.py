"""The site that is made from the documentation."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

ELSEWHERE = re.compile(r'<(?:script|img|link)[^>]+(?:src|href)="(?:https?:)?//[^"]*"')
OF_HOSTS = re.compile(r"[a-z]+:")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


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
    """`llms.txt` lists the pages, the decisions and the reference, and each page is there without HTML."""
    listed = re.findall(r"^- \[[^\]]+\]\(([^)]+)\)$", (site / "llms.txt").read_text(), re.MULTILINE)
    pages = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}

    assert {one.replace("reference/", "").removesuffix(".html") for one in listed if "html" in one} == {
        page.stem for page in (DOCS / "reference").glob("*.md")
    }
    assert {page for page in pages if not page.startswith("reference/")} - {"README.md"} <= set(listed)
    for name in listed:
        assert (site / name).read_text().startswith("# " if name.endswith(".md") else "<!doctype html>")
    assert "### Added" in (site / "changelog.md").read_text()


def test_every_link_of_the_site_leads_somewhere(site: Path) -> None:
    """No page has a link to a page or a place on a page that is not there; it begins at `index.html`."""
    places = {page: set(re.findall(r'\bid="([^"]+)"', page.read_text())) for page in site.rglob("*.html")}
    dead: list[str] = []
    for page in places:
        for link in re.findall(r'(?:href|src)="([^"]+)"', page.read_text()):
            path, _, place = unquote(link).partition("#")
            target = page.parent.joinpath(path.partition("?")[0]).resolve() if path else page
            if OF_HOSTS.match(link) or (target.is_file() and (not place or place in places.get(target, ()))):
                continue
            dead.append(f"{page.relative_to(site)}: {link}")

    assert site / "index.html" in places
    assert dead == []


def test_every_link_of_the_markdown_leads_somewhere(site: Path) -> None:
    """Whoever reads the site as Markdown finds what it links to on the site."""
    dead = [
        f"{page.relative_to(site)}: {link}"
        for page in site.rglob("*.md")
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text())
        if not OF_HOSTS.match(link) and not (page.parent / link.partition("#")[0]).exists()
    ]

    assert dead == []
