"""What is measured and traced of requests, and the route of metrics."""
