"""The pages of the console: a file for each, listed in `registry.py`."""
