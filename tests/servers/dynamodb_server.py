"""A DynamoDB server of moto's, in a process of its own, that prints the port it listens on.

Three things are mended. Moto copies the whole table for every item of a transaction, to go back to it if one
fails, and sorts the whole table for every query: here the items are kept, and the partition looked at, that
matter, or the suite would take an hour. And it answers requests side by side without isolating them: here one
follows the other.
"""

import copy
import sys
import threading
from types import SimpleNamespace
from typing import Any

from moto.dynamodb import models
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class QuietHandler(WSGIRequestHandler):
    """Answers, keeps the connection, and says nothing of it."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        return


def deepcopy(value: Any, *rest: Any) -> Any:
    return value if isinstance(value, models.Table) else copy.deepcopy(value, *rest)


def transact(backend: Any, operations: list[dict[str, Any]]) -> None:
    """Runs a transaction as moto does, and puts back the items it touched if that fails."""
    kept: list[tuple[Any, Any, Any, Any]] = []
    for operation in operations:
        [arguments] = operation.values()
        table = backend.get_table(arguments["TableName"])
        key = arguments.get("Key") or arguments["Item"]
        hash_key, range_key = (models.DynamoType(key[name]) for name in ("p", "s"))
        kept.append((table, hash_key, range_key, copy.deepcopy(table.get_item(hash_key, range_key))))
    try:
        original(backend, operations)
    except BaseException:
        for table, hash_key, range_key, item in kept:
            if item is None:
                table.items[hash_key].pop(range_key, None)
            else:
                table.items[hash_key][range_key] = item
        raise


def query(table: Any, hash_key: Any, range_comparison: Any, range_objs: Any, *rest: Any, **named: Any) -> Any:
    """Runs a query as moto does, on the items in question."""
    found = table.items.get(hash_key, {}).values()
    if range_comparison:
        found = [item for item in found if item.range_key.compare(range_comparison, range_objs)]
    table.all_items = lambda: found
    try:
        return original_query(table, hash_key, range_comparison, range_objs, *rest, **named)
    finally:
        del table.all_items


def one_by_one(environ: Any, start_response: Any) -> Any:
    """Answers a request when no other is being answered."""
    with TURN:
        return list(application(environ, start_response))


TURN = threading.Lock()
application = DomainDispatcherApplication(create_backend_app)
original = models.DynamoDBBackend.transact_write_items
original_query = models.Table.query


def main() -> None:
    models.copy = SimpleNamespace(copy=copy.copy, deepcopy=deepcopy)
    models.DynamoDBBackend.transact_write_items = transact
    models.Table.query = query
    server = make_server("127.0.0.1", 0, one_by_one, threaded=True, request_handler=QuietHandler)
    server.daemon_threads = True  # type: ignore[attr-defined]
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
