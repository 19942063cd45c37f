"""What happens in a process, told in one place to whoever listens."""
