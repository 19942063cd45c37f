"""The stores whose entities live in Durable Objects; loaded only where such a store is named."""

from actum.ports.host import Host
from actum.ports.journal import Journal
from actum.stores.durable_objects.host import DurableObjectsHost
from actum.stores.durable_objects.journal import DurableObjectsJournal
from actum.stores.durable_objects.link import Link, read_url


async def open_durable_objects(url: str) -> tuple[Journal, Host]:
    """Opens the journal and the host behind durable-objects://HOST?secret=…, once they answer."""
    link = Link(*read_url(url))
    try:
        await link.ready()
    except BaseException:
        await link.close()
        raise
    return DurableObjectsJournal(link), DurableObjectsHost(link)
