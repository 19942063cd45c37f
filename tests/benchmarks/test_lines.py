"""The count of the samples' lines, and that the documentation has it."""

from pathlib import Path

import pytest

from benchmarks.lines import SAMPLES, Sample, code_lines, lines_of, main

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples.md"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_sample_has_no_more_lines_than_it_may(sample: Sample) -> None:
    assert 0 < lines_of(sample) <= sample.most


def test_blank_lines_comments_and_docstrings_are_no_code() -> None:
    source = '''"""What it holds.

In two paragraphs.
"""

# A reason.
text = """two
lines"""  # two with this


def function(
    a: int,
) -> int:
    """Says it."""
    return a  # and why
'''
    assert code_lines(source) == 6


def test_the_documentation_has_what_the_script_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0

    assert capsys.readouterr().out.strip() in EXAMPLES.read_text()
