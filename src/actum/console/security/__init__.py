"""Who gets into the console, and what a browser may do there."""
