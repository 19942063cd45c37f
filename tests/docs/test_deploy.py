"""The configurations that the page about deploying shows, read by the programs that they are for."""

import re
import shlex
import shutil
import signal
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from actum.cli.commands import load
from actum.cli.server.forced_exit import LIMIT
from actum.model.routes.own_paths import HEALTH, READY
from tests.cli.commands import PATIENCE, Process
from tests.servers.debian_postgres import free_port

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "deploy.md").read_text()


def block(language: str, *, of: str = "") -> str:
    """The one block of a language that contains a text."""
    found = [each for each in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if of in each]
    assert len(found) == 1
    return str(found[0])


def check_command(arguments: list[str]) -> None:
    """Raises what the command line would say about arguments that it does not know."""
    assert arguments[0].rpartition("/")[2] == "actum"
    load(arguments[1]).make_context(arguments[1], arguments[2:])


def test_the_container_starts_the_server_itself() -> None:
    """As a list, so that no shell takes its signals; as a user of its own."""
    container = block("dockerfile")
    command: list[str] = yaml.safe_load(re.findall(r"^CMD (\[.*\])$", container, re.MULTILINE)[0])

    check_command(command)
    assert re.search(r"^USER (?!root)", container, re.MULTILINE)
    [given] = re.findall(r"`docker stop --time (\d+)`", PAGE)
    assert int(given) > LIMIT


def test_the_unit_gives_the_server_time_to_stop() -> None:
    unit = dict(re.findall(r"^(\w+)=(.*)$", block("ini"), re.MULTILINE))

    check_command(shlex.split(unit["ExecStart"]))
    assert int(unit["TimeoutStopSec"]) > LIMIT
    assert unit["User"] != "root"
    assert unit["StartLimitIntervalSec"] == "0"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = block("ini").replace("/opt/shop/bin/actum", "/bin/true").replace("User=shop\n", "")
    (tmp_path / "shop.service").write_text(unit)
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "shop.service")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "shop.service" not in done.stderr, done.stderr


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_pods_ask_the_right_paths_and_give_the_server_time_to_stop(kind: str) -> None:
    pod: dict[str, Any] = yaml.safe_load(block("yaml", of=f"kind: {kind}"))["spec"]["template"]["spec"]
    container = pod["containers"][0]
    pause = int(container["lifecycle"]["preStop"]["exec"]["command"][1])

    check_command(container["args"])
    assert pod["terminationGracePeriodSeconds"] > pause + LIMIT
    assert f"useradd --uid {pod['securityContext']['runAsUser']} " in block("dockerfile")
    assert container["readinessProbe"]["httpGet"]["path"] == READY
    assert container["startupProbe"]["httpGet"]["path"] == HEALTH  # Else a store that is away restarts pods.
    assert container["livenessProbe"]["httpGet"]["path"] == HEALTH


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Process]:
    """The bank of the examples, served."""
    shutil.copy(ROOT / "examples" / "bank" / "bank.py", tmp_path)
    process = Process(tmp_path, "run", "bank:app", "--port", "0")
    yield process
    process.kill()


@pytest.fixture
def proxied(tmp_path: Path, server: Process, certificate: Path) -> Iterator[tuple[str, str]]:
    """The addresses of nginx in front of it, with TLS and without; the page's own but for ports and files."""
    port, plain = free_port(), free_port()
    site = (
        block("nginx")
        .replace("127.0.0.1:8000", server.url.removeprefix("http://"))
        .replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
        .replace("listen 80;", f"listen 127.0.0.1:{plain};")
        .replace("/etc/ssl/shop.crt", str(certificate / "shop.crt"))
        .replace("/etc/ssl/shop.key", str(certificate / "shop.key"))
    )
    temporary = "".join(
        f"{name}_temp_path {tmp_path}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = (
        f"daemon off; pid {tmp_path}/nginx.pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {temporary}\n{site}\n}}"
    )
    (tmp_path / "nginx.conf").write_text(whole)
    nginx = subprocess.Popen(["nginx", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")])
    yield f"https://127.0.0.1:{port}", f"http://127.0.0.1:{plain}"
    nginx.send_signal(signal.SIGTERM)
    nginx.wait(30)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate that signs itself."""
    folder = tmp_path_factory.mktemp("certificate")
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(folder / "shop.key"), "-out", str(folder / "shop.crt")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not here")
def test_requests_pass_the_proxy_and_those_to_the_inside_do_not(
    proxied: tuple[str, str], certificate: Path
) -> None:
    """TLS ends there; keys, versions and problems pass, and what is for operators alone is refused."""
    trusted = ssl.create_default_context(cafile=str(certificate / "shop.crt"))
    address, plain = proxied
    with httpx.Client(base_url=address, verify=trusted) as http:
        wait_for(http)
        http.post("/accounts/ann?owner=Ann").raise_for_status()
        key = {"Idempotency-Key": "k-1"}
        first = http.post("/accounts/ann/deposits", json={"amount": 5}, headers=key)
        again = http.post("/accounts/ann/deposits", json={"amount": 5}, headers=key)
        wrong = http.post("/accounts/ann/deposits", json={"amount": -1})
        stale = http.post("/accounts/ann/deposits", json={"amount": 1}, headers={"If-Match": '"1"'})
        inside = http.get("/-/ready")
        redirected = httpx.post(f"{plain}/accounts/ann?owner=Ann")

    assert (first.json(), again.json(), first.headers["etag"]) == (5, 5, '"2"')
    assert (wrong.status_code, wrong.headers["content-type"]) == (400, "application/problem+json")
    assert (stale.status_code, inside.status_code) == (412, 403)
    assert redirected.status_code == 308
    assert redirected.headers["location"] == "https://127.0.0.1/accounts/ann?owner=Ann"


PROXIED = """
from litestar import Request

from actum import Actions, App

web = Actions()


@web.get("/who")
async def who(request: Request) -> list[str]:
    return [request.client.host, request.url.scheme]


app = App("proxied", actions=[web])
"""


@pytest.mark.parametrize(
    ("trusted", "seen"), [(None, ["203.0.113.7", "https"]), ("10.0.0.0/8", ["127.0.0.1", "http"])]
)
def test_a_proxy_is_believed_where_it_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: str | None, seen: list[str]
) -> None:
    """This machine's by default: the last address in the header is the client; elsewhere it says nothing."""
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    if trusted is not None:
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", trusted)
    (tmp_path / "proxied.py").write_text(PROXIED)
    process = Process(tmp_path, "run", "proxied:app", "--port", "0", "--store", "memory:")
    headers = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7", "X-Forwarded-Proto": "https"}
    try:
        answer = httpx.get(f"{process.url}/who", headers=headers)
    finally:
        process.kill()

    assert answer.json() == seen


def wait_for(http: httpx.Client) -> None:
    """Returns when the proxy passes requests on."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            if http.get("/schema/openapi.json").is_success:
                return
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
        time.sleep(0.05)
