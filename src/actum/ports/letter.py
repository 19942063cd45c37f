"""What a letter can be, and what an operator can ask for it."""

from typing import Literal

LetterStatus = Literal["waiting", "retrying", "dead"]
Request = Literal["retry", "skip"]
