"""A PostgreSQL of Debian's and its PgBouncer, for the suites that are run on them on demand."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROLE = "postgres"
PATIENCE = 60.0
POOLER = """[databases]
postgres = host=127.0.0.1 port={server} dbname=postgres user={role}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = 40
max_client_conn = 500
"""


def free_port() -> int:
    """Gives a port that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class DebianServer:
    """A server of one of Debian's versions, on a port of 127.0.0.1, with a data directory of its own.

    By root it is run as the user that Debian's package makes, since it refuses to be root itself.
    """

    def __init__(self, version: str, configuration: str) -> None:
        self._programs = Path(f"/usr/lib/postgresql/{version}/bin")
        if not (self._programs / "pg_ctl").exists():
            raise RuntimeError(f"there is no {self._programs}: install postgresql-{version}")
        self.port = free_port()
        self._home = Path(tempfile.mkdtemp(prefix="actum-debian-"))
        if os.geteuid() == 0:
            shutil.chown(self._home, ROLE)
        self._data = self._home / "data"
        self._run("initdb", "-D", str(self._data), "-U", ROLE, "-A", "trust", "-E", "UTF8", "--locale=C")
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(f"{configuration}\nunix_socket_directories = ''\nport = {self.port}\n")
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._home / "log"), "start")

    def get_uri(self) -> str:
        """Gives the URL of the database, with a query that can be added to."""
        return f"postgresql://{ROLE}@127.0.0.1:{self.port}/postgres?sslmode=disable"

    def stop(self) -> None:
        """Ends it, and removes what it kept."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "stop")
        shutil.rmtree(self._home, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = as_server([str(self._programs / program), *arguments])
        subprocess.run(command, check=True, cwd=self._home, stdout=subprocess.DEVNULL, timeout=PATIENCE)


class PgBouncer:
    """PgBouncer before a server, in transaction mode or another."""

    def __init__(self, server: DebianServer, mode: str = "transaction") -> None:
        program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            raise RuntimeError("there is no pgbouncer: install it")
        self.server = server
        self.port = free_port()
        self._home = Path(tempfile.mkdtemp(prefix="actum-pgbouncer-"))
        settings = self._home / "pgbouncer.ini"
        settings.write_text(POOLER.format(server=server.port, port=self.port, role=ROLE, mode=mode))
        if os.geteuid() == 0:
            shutil.chown(self._home, ROLE)
        self._process = subprocess.Popen(
            as_server([program, "-q", str(settings)]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait()

    def url(self, *, has_direct: bool) -> str:
        """Gives the URL of the database behind it, with a way round it if asked for."""
        direct = f"&direct=127.0.0.1:{self.server.port}" if has_direct else ""
        return (
            f"postgresql://{ROLE}@127.0.0.1:{self.port}/postgres?sslmode=disable&pooler=transaction{direct}"
        )

    def stop(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait(PATIENCE)
        shutil.rmtree(self._home, ignore_errors=True)

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        self._process.kill()
        raise RuntimeError("PgBouncer does not start")


def as_server(command: list[str]) -> list[str]:
    """Gives a command as it is run by whoever may run servers."""
    return (
        ["setpriv", f"--reuid={ROLE}", f"--regid={ROLE}", "--clear-groups", *command]
        if os.geteuid() == 0
        else command
    )
