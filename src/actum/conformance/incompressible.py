"""Text that no store can make shorter."""

import random
from base64 import b64encode


def incompressible(length: int) -> str:
    """Gives a text of so many bytes that no store can make shorter, the same each time."""
    return b64encode(random.Random(length).randbytes(length))[:length].decode()
