"""What the store in memory keeps beside its events."""
