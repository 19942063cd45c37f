"""Counts the symbols of the installed package whose types checkers know, and fails when too few are known.

A checker that reads an application does not infer what the package leaves out, or infers it in its own way.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

MIN_KNOWN = 0.98
"""Of the symbols in modules whose names have no underscore; the rest are of libraries without types."""


def main() -> int:
    """Prints what share is known and what is missing; gives 1 when too little is known."""
    report = verify_types("actum")
    missing = sorted(problems(report))
    known: float = report["completenessScore"]
    print(f"types: {known:.2%} of the package's symbols are known")
    if known >= MIN_KNOWN:
        return 0
    print(f"at least {MIN_KNOWN:.0%} must be: annotate what is listed here", *missing, sep="\n  ")
    return 1


def verify_types(package: str) -> Any:
    """Gives pyright's report on an installed package."""
    folder = Path(sys.executable).parent
    # It looks for the package where the first `python` of the path finds it.
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [sys.executable, "-m", "pyright", "--verifytypes", package, "--ignoreexternal", "--outputjson"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)["typeCompleteness"]
    except (ValueError, KeyError):
        sys.exit(f"pyright gave no report on {package}: {done.stdout}{done.stderr}")
    if not report["symbols"]:
        sys.exit(f"pyright found no symbols in {package}: {done.stdout}")
    return report


def problems(report: Any) -> set[str]:
    """Gives a line for each place at which a type is missing."""
    return {
        f"{_place_of(found)}{symbol['name']}: {' '.join(found['message'].split())}"
        for symbol in report["symbols"]
        if symbol["isExported"] and not (symbol["isTypeKnown"] and not symbol["isTypeAmbiguous"])
        for found in symbol["diagnostics"]
        if found["severity"] == "error"
    }


def _place_of(found: Any) -> str:
    if "range" not in found:
        return ""
    return f"{os.path.relpath(found['file'])}:{found['range']['start']['line'] + 1} "


if __name__ == "__main__":
    sys.exit(main())
