"""One SQLite file and its threads."""
