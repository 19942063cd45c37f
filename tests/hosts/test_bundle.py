"""What an application brings into its objects, and what it is told when something of it cannot live there."""

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from actum import App, Entity, Event, command, reducer
from actum.app import definition_of
from actum.errors import DefinitionError, StoreError
from actum.stores.durable_objects.bundle import Bundle, bundle
from actum.stores.durable_objects.client import read_url
from actum.stores.durable_objects.deployment import write_deployment
from actum.stores.durable_objects.object.front import name_of
from actum.stores.url import shown

ENTITY = """
from actum import Entity, Event, command, reducer
{imports}

class Opened(Event):
    pass

class Account(Entity):
    is_open: bool = False

    @command
    def open(self) -> None:
        self.emit(Opened())

    @reducer
    def opened(self, event: Opened) -> None:
        self.is_open = True
"""

Build = Callable[..., Bundle]


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Build]:
    """Writes modules of an application, and bundles the entity in the module `shop.accounts`."""
    monkeypatch.syspath_prepend(tmp_path)

    def build(imports: str, **others: str) -> Bundle:
        package = tmp_path / "shop"
        package.mkdir()
        (package / "__init__.py").write_text(others.pop("package", ""))
        (package / "accounts.py").write_text(ENTITY.format(imports=imports))
        for name, source in others.items():
            (package / f"{name}.py").write_text(source)
        account = import_module("shop.accounts").Account
        return bundle("shop", definition_of(App("shop", entities=[account])).catalog.kinds.values())

    yield build
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("imports", "others", "named"),
    [
        ("import numpy", {}, "shop/accounts.py, line 3 imports 'numpy'"),
        ("import numpy.linalg as la", {}, "'numpy.linalg'"),
        ("from PIL import Image", {}, "'PIL'"),
        ("import curses", {}, "'curses'"),
        (
            "from shop import prices",
            {"prices": "x = 1\nimport httpx"},
            "shop/prices.py, line 2 imports 'httpx'",
        ),
        (
            "from .prices import x",
            {"prices": "import httpx\nx = 1"},
            "shop/prices.py, line 1 imports 'httpx'",
        ),
        (
            "import shop.prices",
            {"prices": "if True:\n    import httpx"},
            "shop/prices.py, line 2 imports 'httpx'",
        ),
        ("", {"package": "import httpx"}, "shop/__init__.py, line 1 imports 'httpx'"),
    ],
)
def test_an_import_that_is_not_there_is_named(
    build: Build, imports: str, others: dict[str, str], named: str
) -> None:
    """The build names file, line and import, also where the application's own modules import each other."""
    with pytest.raises(DefinitionError) as refused:
        build(imports, **others)

    assert named in str(refused.value)
    assert "Keep entities and events in modules" in str(refused.value)


def test_what_is_not_run_when_the_module_loads_is_no_hindrance(build: Build) -> None:
    """Types that a checker alone sees, an import that is tried, and one in a function stay possible."""
    made = build(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import numpy\n"
        "try:\n    import PIL\nexcept ImportError:\n    PIL = None\n"
        "def show():\n    import httpx\n"
    )

    assert "shop/accounts.py" in made.files


def test_a_bundle_holds_what_the_entities_import_and_no_more(build: Build) -> None:
    """The entities' modules come with their packages and what they import; actions stay at home."""
    made = build("from shop.prices import x", prices="x = 1", actions="import httpx")

    own = {path for path in made.files if path.startswith("shop")}
    assert own == {"shop/__init__.py", "shop/accounts.py", "shop/prices.py"}
    assert "actum/model/turn.py" in made.files
    assert not any(path.startswith("actum/cli") for path in made.files)


def test_an_entity_within_a_function_is_refused() -> None:
    """What cannot be imported by name cannot be found in an object."""

    class Account(Entity):
        pass

    with pytest.raises(DefinitionError, match="declare it at the top level of a module"):
        bundle("shop", definition_of(App("shop", entities=[Account])).catalog.kinds.values())


class Claimed(Event):
    pass


class Claimant(Entity):
    @command
    def claim_it(self) -> None:
        self.claim("name", self.id)
        self.emit(Claimed())

    @reducer
    def claimed(self, event: Claimed) -> None:
        pass


def test_an_entity_that_claims_is_refused_with_the_reason() -> None:
    kinds = definition_of(App("claims", entities=[Claimant])).catalog.kinds.values()

    with pytest.raises(DefinitionError, match=r"Claimant\.claim_it claims .* no transaction spans two"):
        bundle("claims", kinds)


def test_an_application_without_entities_is_refused() -> None:
    """There is nothing to deploy."""
    with pytest.raises(DefinitionError, match="no entities"):
        bundle("shop", [])


def test_a_deployment_is_renewed_and_its_settings_are_left_alone(build: Build, tmp_path: Path) -> None:
    """A second build brings the modules up to date, and keeps what the author wrote into wrangler.toml."""
    made = build("")
    folder = tmp_path / "out"
    write_deployment(folder, made)
    settings = (folder / "wrangler.toml").read_text()
    (folder / "wrangler.toml").write_text(settings + "# mine\n")
    (folder / "src" / "shop" / "accounts.py").unlink()

    write_deployment(folder, made)

    assert 'name = "shop"' in settings
    assert 'new_sqlite_classes = ["EntityObject", "FeedObject"]' in settings
    assert (folder / "wrangler.toml").read_text().endswith("# mine\n")
    assert (folder / "src" / "shop" / "accounts.py").exists()
    assert '"module":"shop.accounts"' in (folder / "src" / "manifest.py").read_text()


def test_another_folder_is_left_alone(build: Build, tmp_path: Path) -> None:
    """Nothing is written among files that are not a deployment."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear Ada")

    with pytest.raises(StoreError, match="choose another folder"):
        write_deployment(folder, build(""))

    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("durable-objects://localhost:8787?secret=s", "http://localhost:8787"),
        ("durable-objects://127.0.0.1:8787/staging?secret=s", "http://127.0.0.1:8787/staging"),
        ("durable-objects://bank.example.workers.dev?secret=s", "https://bank.example.workers.dev"),
    ],
)
def test_only_this_machine_is_spoken_to_in_the_clear(url: str, address: str) -> None:
    """A secret goes over the network encrypted, or not at all."""
    assert read_url(url) == (address, "s")


@pytest.mark.parametrize(
    "url",
    [
        "durable-objects://localhost",
        "durable-objects://localhost?secret=",
        "durable-objects://?secret=s",
        "durable-objects://localhost?secret=a&secret=b",
        "durable-objects://localhost?secret=s&color=red",
        "durable-objects://localhost/A/B?secret=s",
    ],
)
def test_a_url_that_cannot_be_meant_is_refused_without_its_secret(url: str) -> None:
    """The fix shows how to write it, and repeats no secret."""
    with pytest.raises(StoreError, match="write durable-objects://HOST") as refused:
        read_url(url)

    assert "secret=s&" not in str(refused.value)


def test_a_secret_is_not_shown() -> None:
    """What is printed of a store can be read by anybody."""
    url = "durable-objects://localhost:8787?secret=abc&database=sqlite:///app.db"

    assert shown(url) == "durable-objects://localhost:8787?secret=***&database=sqlite:///app.db"


def test_no_two_entities_share_an_object() -> None:
    """Kinds, ids and spaces that hold each other's separators have objects of their own."""
    names = [
        name_of(*one)
        for one in [("", "A", "b"), ("", "A/b", "c"), ("", "A", "b/c"), ("s", "A", "b"), ("", "s:A", "b")]
    ]

    assert names[0] == "A/b"
    assert len(set(names)) == len(names)
