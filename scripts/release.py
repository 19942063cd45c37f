"""Makes a release, all but its upload: checks the tree, builds it twice, and tries what was built."""

import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from packaging.metadata import Metadata

ROOT = Path(__file__).parents[1]
HEADING = re.compile(r"^## (\S+) - \d{4}-\d{2}-\d{2}$", re.MULTILINE)
TRIED = "from actum import App, Entity, Event, View; import actum.testing; print('imported')"


class NotReady(Exception):
    """Says in one sentence what keeps the release from being made."""


def main() -> int:
    """Builds into `dist`, and prints digests and what is left to do; returns 1, and why, if it cannot."""
    try:
        version = check_tree(ROOT)
        wheel, source = build_twice(ROOT, ROOT / "dist")
        check_metadata(source, version)
        try_wheel(wheel)
        try_source(source)
    except NotReady as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    for path in (wheel, source):
        print(f"{digest_of(path)}  {path.relative_to(ROOT)}")
    print(f"Left to do:\n  git tag v{version} && git push origin v{version}\n  uv publish dist/*")
    return 0


def check_tree(root: Path) -> str:
    """Returns the version; raises NotReady unless all is committed and the changelog has a heading."""
    version: str = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    changed = _output(["git", "status", "--porcelain"], root)
    if changed:
        raise NotReady(f"commit or drop what has changed first:\n{changed}")
    headings = HEADING.findall((root / "CHANGELOG.md").read_text())
    if version not in headings:
        raise NotReady(f"give CHANGELOG.md a heading `## {version} - DATE`: it has {headings or 'none'}")
    if _output(["git", "tag", "--list", f"v{version}"], root):
        raise NotReady(f"v{version} was released before: raise the version in pyproject.toml")
    return version


def build_twice(root: Path, folder: Path) -> tuple[Path, Path]:
    """Builds wheel and source distribution; raises NotReady if a second build gives other bytes."""
    first, again = build(root, folder), ""
    with tempfile.TemporaryDirectory() as other:
        second = build(root, Path(other))
        for one, two in zip(first, second, strict=True):
            if digest_of(one) != digest_of(two):
                again = one.name
    if again:
        raise NotReady(f"two builds of {again} differ: something in it depends on when or where it is made")
    return first


def build(root: Path, folder: Path) -> tuple[Path, Path]:
    """Builds wheel and source distribution into a folder, with the time of the last commit in them."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("*.whl"), *folder.glob("*.tar.gz")):
        old.unlink()
    time = _output(["git", "log", "-1", "--format=%ct"], root)
    for target in ("wheel", "sdist"):
        command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
        _run(command, root, SOURCE_DATE_EPOCH=time)
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


def check_metadata(source: Path, version: str) -> None:
    """Raises NotReady for metadata that an index would refuse, or of another version."""
    with tarfile.open(source) as archive:
        name = next(
            name for name in archive.getnames() if name.count("/") == 1 and name.endswith("/PKG-INFO")
        )
        held = archive.extractfile(name)
        assert held is not None
        try:
            found = Metadata.from_email(held.read(), validate=True)
        except ExceptionGroup as error:
            raise NotReady(f"the metadata is not valid: {error.exceptions}") from error
    if str(found.version) != version:
        raise NotReady(f"what was built says version {found.version}, and pyproject.toml {version}")


def try_wheel(wheel: Path) -> None:
    """Installs the wheel where nothing else is, and runs its command; raises NotReady if that fails."""
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder, "venv", "bin", "python")
        _run([sys.executable, "-m", "uv", "venv", "--quiet", f"{folder}/venv"], Path(folder))
        install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", str(python)]
        _run([*install, f"{wheel}[testing]"], Path(folder))
        _run([str(python), "-c", TRIED], Path(folder))
        _run([str(python.parent / "actum"), "--version"], Path(folder))


def try_source(source: Path) -> None:
    """Unpacks the source distribution and runs its fast tests there; raises NotReady if one fails."""
    with tempfile.TemporaryDirectory() as folder:
        run_tests(unpacked(source, Path(folder)), ["-m", "not slow and not on_demand", "-n", "2"])


def unpacked(source: Path, folder: Path) -> Path:
    """Unpacks a source distribution, and returns its root."""
    with tarfile.open(source) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


def run_tests(root: Path, arguments: Sequence[str]) -> None:
    """Runs tests of an unpacked source distribution on its own code; raises NotReady if one fails."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    _run(command, root, PYTHONPATH=str(root / "src"))


def digest_of(path: Path) -> str:
    """Returns the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _output(command: Sequence[str], folder: Path) -> str:
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def _run(command: Sequence[str], folder: Path, **variables: str) -> None:
    done = subprocess.run(
        command, cwd=folder, env=os.environ | variables, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise NotReady(f"`{' '.join(command)}` failed:\n{done.stdout[-4_000:]}{done.stderr[-4_000:]}")


if __name__ == "__main__":
    sys.exit(main())
