"""Actions alone: an example of one action, and what it does, recorded and not done."""
