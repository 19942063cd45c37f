"""The benchmarks of `make bench`: Actum compared with bare sqlite3 and the eventsourcing library."""
