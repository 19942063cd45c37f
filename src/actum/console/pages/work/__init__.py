"""The page Work, a file for each of its parts: overview, letters, queues, timers, workflows, audit log."""
