"""Stores events in one SQLite file."""
