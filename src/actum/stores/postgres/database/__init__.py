"""Stores what is derived from events in PostgreSQL."""
