"""Which application is meant where none is named."""

from pathlib import Path

import pytest

from actum.cli.failure import CommandFailed
from actum.cli.finding import find_application, find_applications
from actum.errors import DefinitionError

APP = 'from actum import App\n\napp = App("shop")\n'


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_the_only_application_of_a_folder_is_found(tmp_path: Path) -> None:
    write(tmp_path, shop=APP, other="x = 1\n", test_shop=APP, conftest=APP, tests__test_shop=APP)

    assert find_application(tmp_path) == "shop:app"


def test_one_in_a_package_is_found(tmp_path: Path) -> None:
    write(tmp_path, shop__main=APP.replace("app =", "desk: App ="))
    (tmp_path / "shop" / "__init__.py").write_text("")

    assert find_application(tmp_path) == "shop.main:desk"


def test_one_is_found_although_its_module_cannot_be_loaded(tmp_path: Path) -> None:
    write(tmp_path, shop=f"{APP}\ndef broken(:\n")

    assert find_application(tmp_path) == "shop:app"


def test_the_one_that_the_project_names_comes_first(tmp_path: Path) -> None:
    write(tmp_path, shop=APP, desk=APP)
    (tmp_path / "pyproject.toml").write_text('[tool.actum]\napp = "desk:app"\n')

    assert find_application(tmp_path) == "desk:app"


def test_a_project_that_names_none_is_searched(tmp_path: Path) -> None:
    write(tmp_path, shop=APP)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\n')

    assert find_application(tmp_path) == "shop:app"


def test_several_are_listed_with_what_to_write(tmp_path: Path) -> None:
    write(tmp_path, shop=APP, desk=APP)

    with pytest.raises(CommandFailed, match=r"name one of desk:app, shop:app, or write app = \"desk:app\""):
        find_application(tmp_path)


def test_a_folder_without_one_is_told_how_to_begin(tmp_path: Path) -> None:
    write(tmp_path, web="from starlette import App\n\napp = App()\n")

    with pytest.raises(CommandFailed, match=r"there is no application in .* actum new NAME"):
        find_application(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.actum", "pyproject.toml cannot be read"),
        ("[tool.actum]\napp = 3\n", r'is 3: write app = "shop:app"'),
        ('[tool.actum]\napp = ["shop"]\n', r'write app = "shop:app"'),
    ],
)
def test_a_project_that_cannot_be_read_is_said(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)

    with pytest.raises(DefinitionError, match=said):
        find_application(tmp_path)


def test_what_cannot_be_read_is_no_application(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_bytes(APP.encode("utf-16"))
    (tmp_path / "gone.py").symlink_to("nowhere.py")

    assert find_applications(tmp_path) == []
