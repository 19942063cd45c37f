"""The modules that are loaded by name, held to the protocols that stand for them."""

from actum import app, launch
from actum.runtime import declarations
from actum.stores import open as stores
from actum.stores.durable_objects import opening as durable_objects
from actum.stores.dynamodb import opening as dynamodb
from actum.stores.postgres import opening as postgres

run: app.Launch = launch
check: app.Checks = declarations
open_postgres: stores.PostgresOpening = postgres
open_dynamodb: stores.DynamoOpening = dynamodb
open_durable_objects: stores.DurableObjectsOpening = durable_objects
