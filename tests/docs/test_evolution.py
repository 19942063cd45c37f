"""The code of the page on evolution: it runs, and the check says of its example what the page says."""

import re
from pathlib import Path

import pytest

from actum.cli.main import main as actum
from tests.evolution.applications import HEAD, application

PAGE = (Path(__file__).parents[2] / "docs" / "evolution.md").read_text()
BEFORE, AFTER, *REST = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
[PRINTED] = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
NEEDED = """
class Added(Event):
    sku: str
    count: int


class Receipt(Struct):
    number: str


async def collect(sku: str) -> Receipt:
    return Receipt("1")


async def pack(sku: str) -> None: ...
"""
APP = """

class Order(Entity, emits=[Placed]):
    pass


app = App("shop", entities=[Order])
"""


def test_the_check_prints_of_the_example_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name, source in (("before", BEFORE), ("after", AFTER)):
        (tmp_path / f"evolved_{name}.py").write_text(HEAD + source + APP)

    codes = [run("freeze", "evolved_before")]
    capsys.readouterr()
    codes.append(run("check", "evolved_after"))

    assert codes == [0, 1]
    assert capsys.readouterr().out == PRINTED


def test_the_code_of_the_page_is_an_application(tmp_path: Path) -> None:
    listed = (
        "app = App('shop', entities=[Order, Customer, Basket], views=[Names], actions=[letters], "
        "workflows=[Fulfilment])\n"
    )
    rest = (
        "".join(REST)
        + "\n\nclass Order(Entity, emits=[Placed, Delivered, Weighed]):\n    pass\n\n\n"
        + listed
    )

    assert repr(application(tmp_path, NEEDED + rest)) == "<App shop>"


def run(command: str, module: str) -> int:
    try:
        actum(["schema", command, module])
    except SystemExit as end:
        return int(end.code or 0)
    return 0
