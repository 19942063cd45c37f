"""Keeps events in one SQLite file."""
