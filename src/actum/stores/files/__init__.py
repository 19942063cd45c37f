"""Files that stores and moves have in common."""
