"""What happens in a process, reported in one place to listeners."""
