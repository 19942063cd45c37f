"""The code of the page on tests."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text()
MODULE, *TESTS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
[PROJECT] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def test_the_tests_of_the_page_pass(tmp_path: Path) -> None:
    """Pasted into the files that it names, they pass by a bare `pytest`, without settings."""
    (tmp_path / "bank.py").write_text(MODULE)
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "test_bank.py").write_text("\n".join(TESTS))

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    shown = len(re.findall(r"^(?:async )?def test_", "\n".join(TESTS), re.MULTILINE))
    assert f"{shown + 1} passed" in done.stdout
