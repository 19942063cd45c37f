"""Adopting a database: it is bound to an application and a journal, whatever it belonged to before."""

from msgspec import Struct

from actum.app import App
from actum.errors import StoreInUse
from actum.operations.opening import open_beside
from actum.operations.repairs.audit import Act, recorded
from actum.ports.database import Binding
from actum.stores.binding import rebind
from actum.stores.open import accept_without_log, open_stores, paired


class Adoption(Struct, frozen=True):
    """What the database belonged to before, where its journal ends, and the files whose logs were lost."""

    before: Binding | None
    position: int
    without_log: list[str]


async def adopt_stores(app: App, url: str, *, by: str = "") -> Adoption:
    """Binds the database of a URL to an application and to the journal of the same URL.

    Its views are dropped. A SQLite file whose log was lost is accepted with what it holds. Raises StoreInUse
    while the application runs.
    """
    without_log = await accept_without_log(url)
    async with open_beside(url):
        pass  # A store that does not exist is not created.
    async with open_stores(url) as stores:
        if await stores.database.is_attended():
            raise StoreInUse("the application is running: stop it first")
        act = Act("adopt", app.name, {"without log": ", ".join(without_log)} if without_log else {})
        async with recorded(stores.database, by, act):
            before, position = await rebind(app.name, paired(stores, url))
    return Adoption(before, position, without_log)
