"""One entity, looked into: its timeline, what would be after an event, and commands sent to it."""
