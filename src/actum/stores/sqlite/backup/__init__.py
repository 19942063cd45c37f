"""Copies of a SQLite store: made while it is in use, checked, and put in its place."""
