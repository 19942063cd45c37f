"""The figures of `make bench`: Actum beside bare sqlite3 and the eventsourcing library, on one machine."""
