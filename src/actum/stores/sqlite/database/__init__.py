"""Stores what is derived from events in one SQLite file."""
