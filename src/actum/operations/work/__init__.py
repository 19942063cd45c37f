"""What works in the background, looked at: actions, queues, timers and workflows, and what stands still."""
