"""The script that makes a release."""

import subprocess
from pathlib import Path

import pytest

from scripts import release

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no clone")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository that is ready for the release of 1.4.0."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "p"\nversion = "1.4.0"\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 1.4.0 - 2026-12-01\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", "One.")
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def test_a_tree_that_is_ready_gives_its_version(tree: Path) -> None:
    assert release.check_tree(tree) == "1.4.0"


def test_what_is_not_committed_not_described_or_released_before_is_refused(tree: Path) -> None:
    """Each with what to do about it."""
    git(tree, "tag", "v1.4.0")
    with pytest.raises(release.NotReady, match="raise the version"):
        release.check_tree(tree)
    (tree / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n")
    with pytest.raises(release.NotReady, match="commit or drop"):
        release.check_tree(tree)
    git(tree, "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "-am", "Two.")
    with pytest.raises(release.NotReady, match=r"a heading `## 1\.4\.0 - DATE`"):
        release.check_tree(tree)


@pytest.mark.slow
def test_two_builds_are_the_same_and_the_tests_of_the_source_pass_from_it(tmp_path: Path) -> None:
    """What is uploaded can be built again by anybody, and has what its tests need."""
    _, source = release.build_twice(ROOT, tmp_path / "dist")
    release.run_tests(release.unpacked(source, tmp_path / "source"), ["tests/model", "tests/package"])
