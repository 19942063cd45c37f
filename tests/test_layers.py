"""What the tree promises: declarations load with msgspec alone, and no file grows without a reason."""

import ast
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

ROOT = Path(__file__).parents[1]
LONGEST = 300
LONGEST_FUNCTION = 60
FOLDERS = ("src", "examples", "benchmarks", "scripts")
REASONS = ROOT / "docs" / "decisions" / "0009-long-files.md"

NOTHING_ELSE = """
import importlib.util
import sys

sys.path[:0] = {paths}
for name in ("litestar", "sqlglot", "uvicorn", "typer", "rich", "cronsim", "filelock"):
    assert importlib.util.find_spec(name) is None, name
"""


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder that holds msgspec and nothing else, to be the only place where libraries are found."""
    (tmp_path / "msgspec").symlink_to(Path(msgspec.__file__).parent, target_is_directory=True)
    return tmp_path


def run_bare(bare: Path, program: str) -> str:
    """Runs a program in an interpreter that has only msgspec and Actum, and gives what it printed."""
    head = NOTHING_ELSE.format(paths=[str(bare), str(ROOT / "src"), str(ROOT / "examples" / "bank")])
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", head + program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_model_loads_with_msgspec_alone(bare: Path) -> None:
    """Every module of the model is imported where no other library is installed, and brings no asyncio."""
    modules = [
        ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        for path in sorted((ROOT / "src" / "actum" / "model").rglob("*.py"))
        if path.stem != "__init__"
    ]
    # The package itself is left out: what it brings is the next test's.
    program = f"""
import types
package = types.ModuleType("actum")
package.__path__ = [{str(ROOT / "src" / "actum")!r}]
sys.modules["actum"] = package
for module in {modules}:
    importlib.import_module(module)
print(sorted(sys.modules.keys() & {{"asyncio", "sqlite3", "socket"}}))
"""

    assert run_bare(bare, program) == "[]\n"


def test_an_application_is_declared_and_decides_with_msgspec_alone(bare: Path) -> None:
    """An author's whole module loads, App included, and its entities decide what to do with a command."""
    program = """
from actum.model.entity import entity_type
from actum.model.turn import Instance
from bank import Account, app

instance = Instance(entity_type(Account), "a")
for name, argument in (("open", "ann"), ("deposit", 10), ("withdraw", 4)):
    command = instance.kind.commands[name]
    emitted, reply = instance.decide(command, command.signature.bind((argument,), {}), 1)
print(app, instance.version, reply)
"""

    assert run_bare(bare, program) == "<App bank> 3 6\n"


def test_a_long_file_has_its_reason_in_the_decision_log() -> None:
    """Every file of more than 300 lines is named there; tests are, as a whole."""
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    long = {
        path.relative_to(ROOT).as_posix() for path in files if len(path.read_text().splitlines()) > LONGEST
    }
    named = set(REASONS.read_text().split("`")[1::2])

    assert long - named == set()


HEAVY = ("litestar", "sqlglot")
DECLARED = """
import sys
from actum import Actions, App, Context, Entity, Event, View, command, query, reducer

class Opened(Event):
    owner: str

class Account(Entity, emits=[Opened]):
    @command
    def open(self, owner: str) -> None: self.emit(Opened(owner))

class Owners(View):
    id: str
    owner: str = ""
    @reducer
    def opened(self, event: Opened) -> None: self.owner = event.owner

bank = Actions()

@bank.on(Opened)
async def greet(ctx: Context, event: Opened) -> None: ...

App("bank", entities=[Account], views=[Owners], actions=[bank])
"""
MORE = """
class Names(Owners):
    id: str
    @query("SELECT owner FROM names")
    def all(self) -> list[str]: ...

App("bank", entities=[Account], views=[Names])
"""


def loaded(program: str) -> str:
    """Runs a program and gives which of the heavy libraries it loaded."""
    program += f"\nimport sys\nprint(sorted(sys.modules.keys() & {set(HEAVY)}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


def test_only_an_application_with_queries_or_routes_loads_what_reads_them() -> None:
    """A declaration costs what it needs: sqlglot for SQL, Litestar for routes."""
    assert loaded(DECLARED) == "[]"
    assert loaded(DECLARED + MORE) == "['sqlglot']"


def test_the_command_lines_help_loads_neither() -> None:
    assert loaded("from actum.cli.main import cli") == "[]"


def test_no_function_is_long() -> None:
    """What does not fit on a screen is two functions."""
    long = []
    for path in (ROOT / "src" / "actum").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    long.append(f"{path.relative_to(ROOT)}: {node.name} has {lines} lines")

    assert long == []
