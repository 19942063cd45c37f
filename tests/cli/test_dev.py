"""`actum dev`: what is changed is loaded at once, what cannot be loaded is shown, and events are kept."""

import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect
from watchfiles import Change

from actum.cli.development.browser import may_open
from actum.cli.development.watching import SourceFilter
from tests.cli.commands import PATIENCE, CommandLine, Process
from tests.cli.test_run import begin_to_pay, pay, wait_until_refused
from tests.console.browser import CHROMIUM, WHY_NONE, opened_browser, opened_page

Start = Callable[..., Process]
DEV = ("dev", "--port", "0", "--no-browser")
HTML = {"Accept": "text/html"}
REPLY = "        return self.paid\n"


def change(shop: Path, old: str, new: str) -> None:
    """Changes the application as an editor does."""
    text = (shop / "shop.py").read_text()
    assert old in text
    (shop / "shop.py").write_text(text.replace(old, new))


def get(url: str, **headers: str) -> httpx.Response:
    return httpx.get(url, headers=headers, timeout=PATIENCE)


@pytest.mark.slow
def test_what_is_changed_is_loaded_and_events_are_kept(shop: Path, start: Start, actum: CommandLine) -> None:
    server = start(*DEV)
    url = server.url
    console = server.out.wait_for("  console  ").split()[-1]
    first = pay(url, "a", 3).json()

    change(shop, REPLY, "        return self.paid + 1000\n")
    named = server.out.wait_for("changed: ")
    server.out.wait_for("shop is running again")
    second = pay(url, "a", 4).json()

    assert console == f"{url}/-/console"
    assert (first, second) == (3, 1007)
    assert named == "changed: shop.py; loading it again"
    assert server.stop(signal.SIGINT) == 0
    assert server.out.rest()[-1] == "stopped"
    paid = actum("events", "shop", "--type", "Paid", "--json").lines
    assert [line["event"] for line in paid] == [{"amount": 3}, {"amount": 4}]


@pytest.mark.slow
def test_a_request_in_progress_is_finished_and_those_that_come_meanwhile_wait(
    shop: Path, start: Start
) -> None:
    server = start(*DEV)
    url = server.url
    body = b'{"amount": 13}'
    connection = begin_to_pay(url, "late", body)

    change(shop, REPLY, "        return self.paid + 1000\n")
    server.out.wait_for("changed: ")
    answers: list[int] = []

    def pay_until_it_is_changed() -> None:
        # The former process accepts requests until the signal to stop has reached it.
        while not answers or answers[-1] < 1000:
            answers.append(pay(url, "a", 4).json())

    waiting = threading.Thread(target=pay_until_it_is_changed)
    waiting.start()
    connection.sendall(body)
    late = connection.recv(10_000)
    waiting.join(PATIENCE)

    connection.close()
    assert late.startswith(b"HTTP/1.1 201")
    assert late.endswith(b"13")
    assert answers == [*range(4, 4 * len(answers), 4), 1000 + 4 * len(answers)]
    assert server.stop() == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("class Order(Entity):", "class Order(Entity:", "SyntaxError"),
        (
            "    def pay(self, amount: int) -> int:",
            "    async def pay(self, amount: int) -> int:",
            "is async",
        ),
        ("import Path", "import Nothing", "ImportError"),
    ],
    ids=["syntax", "declaration", "import"],
)
def test_what_cannot_be_loaded_is_shown_and_gone_when_it_is_corrected(
    shop: Path, start: Start, old: str, new: str, said: str
) -> None:
    server = start(*DEV)
    url = server.url
    pay(url, "a", 3)
    place = (shop / "shop.py").read_text().partition(old)[0].count("\n") + 1

    change(shop, old, new)
    server.err.wait_for(said)
    page, text, posted = get(f"{url}/total", **HTML), get(f"{url}/total"), pay(url, "a", 4)
    change(shop, new, old)
    server.out.wait_for("is running again")
    corrected = get(f"{url}/total").json()

    assert {page.status_code, text.status_code, posted.status_code} == {503}
    assert "shop:app cannot be loaded" in page.text or "shop cannot be loaded" in page.text
    assert said in page.text
    assert "<mark>" in page.text
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert said in text.text
    if said != "is async":
        assert f">{place:>6}  " in text.text
    assert "Traceback" not in text.text + page.text
    assert corrected == 3
    assert server.stop() == 0


@pytest.mark.slow
def test_an_application_that_is_broken_from_the_start_is_served_once_it_is_corrected(
    shop: Path, start: Start
) -> None:
    (shop / "shop.py").write_text((shop / "shop.py").read_text() + "def broken(:\n")

    server = start(*DEV)
    server.err.wait_for("SyntaxError")
    change(shop, "def broken(:\n", "")

    assert pay(server.url, "a", 3).json() == 3
    assert server.stop() == 0


@pytest.mark.slow
def test_a_page_with_an_error_shows_the_application_again_by_itself(shop: Path, start: Start) -> None:
    if CHROMIUM is None:
        pytest.skip(WHY_NONE)
    server = start(*DEV)
    url = server.url
    pay(url, "a", 41)
    change(shop, "class Order(Entity):", "class Order(Entity:")
    server.err.wait_for("SyntaxError")

    with opened_browser() as browser, opened_page(browser) as page:
        page.goto(f"{url}/total")
        expect(page.get_by_role("alert")).to_contain_text("SyntaxError")
        change(shop, "class Order(Entity:", "class Order(Entity):")
        expect(page.locator("body")).to_have_text("41")

    assert server.stop() == 0


@pytest.mark.slow
def test_the_source_is_shown_to_this_machine_alone(shop: Path, start: Start) -> None:
    (shop / "shop.py").write_text((shop / "shop.py").read_text() + "def secret_sauce(:\n")
    server = start(*DEV[:1], "--no-browser", "--port", str(port := free_port()))
    server.err.wait_for("SyntaxError")

    rebound = get(f"http://127.0.0.1:{port}/", Host="attacker.example", **HTML)

    assert rebound.status_code == 503
    assert "secret_sauce" not in rebound.text
    assert "The terminal in which `actum dev` runs says why" in rebound.text
    assert server.stop() == 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.slow
def test_a_process_that_ends_by_itself_is_shown_and_started_again_after_a_change(
    shop: Path, start: Start
) -> None:
    change(
        shop,
        "async def impure(ctx: Context) -> None:\n",
        "async def impure(ctx: Context) -> None:\n    os._exit(7)\n",
    )
    change(shop, "from datetime", "import os\nfrom datetime")
    server = start(*DEV)
    url = server.url
    pay(url, "a", 3)

    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(f"{url}/impure", timeout=PATIENCE)
    server.err.wait_for("its process ended by itself, with exit code 7")
    shown = get(f"{url}/total")
    change(shop, "    os._exit(7)\n", "")
    server.out.wait_for("is running again")

    assert shown.status_code == 503
    assert "with exit code 7" in shown.text
    assert get(f"{url}/total").json() == 3
    assert server.stop() == 0


@pytest.mark.slow
def test_an_application_from_another_folder_is_said_to_be_that(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = shop / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(shop), prepend=":")
    server = Process(elsewhere, *DEV, "shop")
    try:
        assert server.url
        said = server.err.wait_for("warning: shop comes from ")
        assert said.endswith(f"the store is this folder's; run actum in {shop}")
        assert server.stop(signal.SIGINT) == 0
    finally:
        server.kill()


@pytest.mark.slow
def test_requests_for_the_console_do_not_hide_those_for_the_application(shop: Path, start: Start) -> None:
    server = start(*DEV)
    url = server.url

    assert get(f"{url}/-/console/map").status_code == 200
    pay(url, "a", 3)

    assert server.stop(signal.SIGINT) == 0
    requests = [line for line in server.err.rest() if "uvicorn.access" in line]
    assert len(requests) == 1


@pytest.mark.slow
def test_a_store_that_is_in_use_is_said_at_the_start(shop: Path, start: Start) -> None:
    first = start("run", "shop", "--port", "0")
    assert first.url

    second = start(*DEV)
    code = second.end()

    (line,) = second.err.rest()
    assert code == 1
    assert line.startswith("error: could not start: shop.db is in use by another process")
    assert first.stop() == 0


RESOURCE = """
class Mailer: ...


@asynccontextmanager
async def open_mailer() -> AsyncGenerator[Mailer]:
    if Path("closed").exists():
        raise LookupError("nobody answers at mail.example")
    yield Mailer()


app = App("shop", resources=[open_mailer], """


@pytest.mark.slow
def test_what_cannot_be_opened_meanwhile_is_tried_again_by_itself(shop: Path, start: Start) -> None:
    change(shop, 'app = App("shop", ', RESOURCE)
    imported = "from collections.abc import AsyncGenerator\nfrom contextlib import asynccontextmanager\n"
    change(shop, "from datetime", f"{imported}from datetime")
    server = start(*DEV)
    url = server.url
    pay(url, "a", 3)

    (shop / "closed").touch()
    change(shop, REPLY, "        return self.paid + 1000\n")
    server.err.wait_for("error: could not start: LookupError: nobody answers at mail.example")
    shown = get(f"{url}/total")
    (shop / "closed").unlink()
    server.out.wait_for("is running again")

    assert shown.status_code == 503
    assert "nobody answers at mail.example" in shown.text
    assert get(f"{url}/total").json() == 3
    assert server.stop() == 0


@pytest.mark.slow
def test_a_port_in_use_is_said_with_its_number(shop: Path, start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = start("dev", "shop", "--port", str(port), "--no-browser")
        code = server.end()

    (line,) = server.err.rest()
    assert code == 1
    assert line.startswith(f"error: port {port} on 127.0.0.1 is in use: stop what listens there, or choose")


@pytest.mark.slow
def test_what_serves_stops_when_the_development_server_is_killed(shop: Path, start: Start) -> None:
    server = start(*DEV)
    url = server.url
    pay(url, "a", 3)

    server.tell(signal.SIGKILL)
    wait_until_refused(url)

    again = start("run", "shop", "--port", "0")
    assert get(f"{again.url}/total").json() == 3
    assert again.stop() == 0


@pytest.mark.slow
def test_a_store_in_memory_is_said_to_be_emptied(shop: Path, start: Start) -> None:
    server = start(*DEV, "--store", "memory:")

    assert "empty again after each change" in server.out.wait_for("empty again")
    assert server.stop() == 0


@pytest.mark.slow
def test_events_in_postgres_are_kept_too(shop: Path, start: Start, postgres_store: str) -> None:
    server = start(*DEV, "--store", postgres_store)
    url = server.url
    pay(url, "a", 3)

    change(shop, REPLY, "        return self.paid + 1000\n")
    server.out.wait_for("is running again")

    assert pay(url, "a", 4).json() == 1007
    assert server.stop() == 0


@pytest.mark.slow
def test_a_folder_beside_it_is_watched_on_request(
    shop: Path, start: Start, tmp_path_factory: pytest.TempPathFactory
) -> None:
    library = tmp_path_factory.mktemp("library")
    server = start(*DEV, "--watch", str(library))
    assert server.url

    (library / "prices.py").write_text("PRICE = 3\n")

    assert str(library / "prices.py") in server.out.wait_for("changed: ")
    server.out.wait_for("is running again")
    assert server.stop() == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["shopp"], "there is no module 'shopp'"),
        (["shop.py"], "'shop.py' is not a module's name"),
        (["shop:ap"], "shop has no 'ap'; it has shop:app"),
        (["shop:Order"], "shop:Order is the class Order, not an App; it has shop:app"),
        (["shop", "--watch", "nowhere"], "--watch nowhere: there is no such folder"),
    ],
)
def test_what_cannot_be_served_at_all_is_said_in_one_line(
    shop: Path, actum: CommandLine, arguments: list[str], said: str
) -> None:
    result = actum("dev", *arguments, "--no-browser", "--port", "0")

    assert (result.code, result.out) == (1, "")
    assert said in result.err
    assert len(result.err.splitlines()) == 1


def test_several_applications_have_to_be_told_apart(shop: Path, actum: CommandLine) -> None:
    (shop / "desk.py").write_text((shop / "shop.py").read_text())

    result = actum("dev", "--no-browser")

    assert result.code == 1
    assert "name one of desk:app, shop:app" in result.err


@pytest.mark.parametrize(
    ("environment", "is_terminal", "expected"),
    [
        ({"DISPLAY": ":0"}, True, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True, True),
        ({}, True, False),
        ({"DISPLAY": ":0"}, False, False),
        ({"DISPLAY": ":0", "CI": "true"}, True, False),
        ({"DISPLAY": ":0", "CI": "false"}, True, True),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "10.0.0.1"}, True, False),
        ({"BROWSER": "firefox", "SSH_CONNECTION": "10.0.0.1"}, True, True),
    ],
)
def test_a_browser_is_opened_only_where_somebody_sees_it(
    environment: dict[str, str], is_terminal: bool, expected: bool
) -> None:
    assert may_open(environment, is_terminal=is_terminal, platform="linux") is expected


def test_on_a_mac_there_is_always_a_screen() -> None:
    assert may_open({}, is_terminal=True, platform="darwin")


def test_files_of_an_environment_and_caches_are_no_sources(tmp_path: Path) -> None:
    (tmp_path / "env" / "lib").mkdir(parents=True)
    (tmp_path / "env" / "pyvenv.cfg").touch()
    wanted = SourceFilter([tmp_path])

    def matters(path: str) -> bool:
        return wanted(Change.modified, str(tmp_path / path))

    assert matters("shop.py")
    assert matters("package/part.py")
    assert not matters("shop.db")
    assert not matters("env/lib/library.py")
    assert not matters(".venv/lib/library.py")
    assert not matters("__pycache__/shop.cpython-311.pyc")
