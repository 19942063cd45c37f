"""Workflows, as authors declare them: processes that last, whose steps are recorded."""
