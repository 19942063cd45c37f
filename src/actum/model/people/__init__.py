"""Personal data: how a field is marked, whose it is, and how its values are sealed and opened."""
