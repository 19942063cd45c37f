"""Faults that a test injects into a running application: duplicates, reordering and crashes."""
