"""What one request led to: everything that shares its correlation id, as a tree with times."""
