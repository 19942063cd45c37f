"""Opens the journal in a DynamoDB table; loaded only where such a store is named."""

from actum.ports.journal import Journal
from actum.stores.dynamodb.connection.client import DynamoTable
from actum.stores.dynamodb.connection.schema import check_table, make_table
from actum.stores.dynamodb.journal.journal import DynamoJournal


async def open_dynamodb(url: str) -> Journal:
    """Opens the journal in a table that exists."""
    table = await DynamoTable.connect(url)
    try:
        await check_table(table)
    except BaseException:
        await table.close()
        raise
    return DynamoJournal(table)


async def make_dynamodb(url: str) -> bool:
    """Creates the table if there is none, and says whether it was created."""
    table = await DynamoTable.connect(url)
    try:
        return await make_table(table)
    finally:
        await table.close()
