"""Keeps events in PostgreSQL."""
