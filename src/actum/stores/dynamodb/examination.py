"""Examines a table in DynamoDB: its state, whether it can be taken back in time, and AWS's clock."""

from email.utils import parsedate_to_datetime
from typing import Any

from actum.errors import ActumError
from actum.stores.dynamodb.connection.client import DynamoTable


async def examine_table(url: str) -> dict[str, str]:
    """Reads a table's state, its billing and recovery, and the service's time (`now`), as texts.

    `recovery` is "" where the service does not say, `now` is in microseconds since 1970, to the second.
    """
    table = await DynamoTable.connect(url)
    try:
        answer = await table.call("describe_table")
        found = answer["Table"]
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date", "")
        return {
            "status": found["TableStatus"],
            "billing": found.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
            "deletion_protection": "on" if found.get("DeletionProtectionEnabled") else "off",
            "recovery": await _recovery(table),
            "now": str(round(parsedate_to_datetime(date).timestamp() * 1_000_000)) if date else "",
        }
    finally:
        await table.close()


async def _recovery(table: DynamoTable) -> str:
    try:
        answer: Any = await table.call("describe_continuous_backups")
    except ActumError:
        # A role may not be allowed to ask.
        return ""
    recovery = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    return str(recovery.get("PointInTimeRecoveryStatus", "DISABLED"))
