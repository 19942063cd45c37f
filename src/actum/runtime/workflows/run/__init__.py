"""One workflow at work: its run, what that awaits, and what is recorded of it."""
