"""What all tests may ask for."""

pytest_plugins = ["tests.servers.postgres", "tests.servers.dynamodb", "tests.servers.durable_objects"]
