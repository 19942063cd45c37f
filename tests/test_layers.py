"""What the tree promises: declarations load with msgspec alone, and no file grows without a reason."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

ROOT = Path(__file__).parents[1]
LONGEST = 300
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
        f"actum.model.{path.stem}"
        for path in sorted((ROOT / "src" / "actum" / "model").glob("*.py"))
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
