"""Facts about the stores of a running application: where they are, how large, in which version."""

from msgspec import Struct

from actum.stores.open import sizes_of, versions_of
from actum.stores.url import shown, split


class StoreFacts(Struct, frozen=True):
    """One store: its address without secrets, versions of its parts, and bytes of its tables or files."""

    url: str
    versions: dict[str, int]
    sizes: dict[str, int]

    @property
    def size(self) -> int:
        """The bytes of all together."""
        return sum(self.sizes.values())


async def store_facts(url: str) -> list[StoreFacts]:
    """Describes the stores of a URL: the journal's and, where that is another one, the database's."""
    return [
        StoreFacts(shown(one), await versions_of(one), await sizes_of(one))
        for one in split(url)
        if one is not None
    ]
