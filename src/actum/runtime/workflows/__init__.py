"""Workflows at work: started, run, recorded, waiting, woken, undone."""
