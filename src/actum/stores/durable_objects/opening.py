"""Opens the stores whose entities run in Durable Objects; loaded only where such a store is named."""

from actum.ports.host import Host
from actum.ports.journal import Journal
from actum.stores.durable_objects.client import Client, read_url
from actum.stores.durable_objects.host import DurableObjectsHost
from actum.stores.durable_objects.journal import DurableObjectsJournal


async def open_durable_objects(url: str) -> tuple[Journal, Host]:
    """Opens the journal and the host behind durable-objects://HOST?secret=…, once they answer."""
    client = Client(*read_url(url))
    try:
        await client.ready()
    except BaseException:
        await client.close()
        raise
    return DurableObjectsJournal(client), DurableObjectsHost(client)
