"""The suites that adapters are held to: an adapter's test subclasses one and yields its store or broker.

They need pytest and pytest-asyncio, which the extra `conformance` brings.
"""

import pytest

pytest.register_assert_rewrite(f"{__name__}.journal", f"{__name__}.database", f"{__name__}.broker")
