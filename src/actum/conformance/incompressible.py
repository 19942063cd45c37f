"""Text that no store can compress."""

import random
from base64 import b64encode


def incompressible(length: int) -> str:
    """Gives a text of that many bytes that no store can compress, the same each time."""
    return b64encode(random.Random(length).randbytes(length))[:length].decode()
