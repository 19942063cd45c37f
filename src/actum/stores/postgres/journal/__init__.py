"""Stores events in PostgreSQL."""
