"""The command lines that bring entities into Durable Objects, and run an application beside them."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.cli.commands import PATIENCE, CommandLine, Process
from tests.servers.durable_objects import TOOLS

Start = Callable[..., Process]


@pytest.mark.slow
def test_objects_run_on_this_machine_and_an_application_beside_them(
    shop: Path,
    start: Start,
    actum: CommandLine,
    workerd_tools: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`dev` prints the store that `run` takes; what was answered is there after both were started again."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(TOOLS.parents[1]))
    objects = start("durable-objects", "dev", "shop:app", "--port", "0")
    store = objects.out.wait_for("runs in objects at").split()[-1]
    stores = ("--store", store, "--database", "sqlite:///shop.db")
    server = start("run", "shop:app", "--port", "0", *stores)
    url = server.url
    paid = httpx.post(f"{url}/orders/o-1", json={"amount": 5}, timeout=PATIENCE)
    shown = server.out.wait_for("store").split()[-1]
    codes = [server.stop(), objects.stop()]
    end = objects.out.rest()

    objects = start("durable-objects", "dev", "shop:app", "--port", "0")
    stores = ("--store", objects.out.wait_for("runs in objects at").split()[-1], *stores[2:])
    server = start("run", "shop:app", "--port", "0", *stores)
    url = server.url
    again = httpx.post(f"{url}/orders/o-1", json={"amount": 6}, timeout=PATIENCE)
    seen = {"Actum-Position": again.headers["Actum-Position"]}
    total = httpx.get(f"{url}/total", headers=seen, timeout=PATIENCE)
    listed = actum("ids", "shop:app", "Order", "--json", *stores)
    codes += [server.stop(), objects.stop()]
    unlisted = actum("ids", "shop:app", "Order", *stores)

    assert (paid.json(), again.json(), total.json()) == (5, 11, 11)
    assert codes == [0, 0, 0, 0]
    assert store.endswith("?secret=development")
    assert "secret=***" in shown
    assert end[-1] == "shop has stopped"
    assert [line["id"] for line in listed.lines] == ["o-1"]
    assert unlisted.code == 1
    assert "does not answer" in unlisted.err


def test_a_deployment_is_written(shop: Path, actum: CommandLine) -> None:
    """What is printed says how to go on."""
    built = actum("durable-objects", "build", "shop:app", "--out", "out")

    assert built.code == 0
    assert "cd out && uv run pywrangler deploy" in built.out
    assert (shop / "out" / "src" / "entry.py").exists()
    assert (shop / "out" / "src" / "shop.py").exists()


def test_a_module_that_cannot_load_in_an_object_is_named(directory: Path, actum: CommandLine) -> None:
    """One line says which import it is and how to part it from the entities."""
    (directory / "shop.py").write_text(
        "import httpx\nfrom actum import App, Entity\n\nclass Order(Entity):\n    pass\n\n"
        "app = App('shop', entities=[Order])\n"
    )

    refused = actum("durable-objects", "build", "shop:app", "--out", "out")

    assert refused.code == 1
    assert "shop.py, line 1 imports 'httpx'" in refused.err
    assert not (directory / "out").exists()
