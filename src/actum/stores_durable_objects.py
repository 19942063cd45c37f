"""The stores whose entities live in Durable Objects; loaded only where such a store is named."""

from actum.hosts.durable_objects.host import DurableObjectsHost
from actum.hosts.durable_objects.journal import DurableObjectsJournal
from actum.hosts.durable_objects.link import Link, read_url
from actum.ports.host import Host
from actum.ports.journal import Journal


async def open_durable_objects(url: str) -> tuple[Journal, Host]:
    """Opens the journal and the host behind durable-objects://HOST?secret=…, once they answer."""
    link = Link(*read_url(url))
    try:
        await link.ready()
    except BaseException:
        await link.close()
        raise
    return DurableObjectsJournal(link), DurableObjectsHost(link)
