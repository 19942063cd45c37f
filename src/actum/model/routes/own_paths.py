"""The paths of Actum's own that an application is served with."""

RESERVED = "/-/"
"""What the paths of Actum's own begin with, and those of an application may not."""
HEALTH = f"{RESERVED}health"
READY = f"{RESERVED}ready"
METRICS = f"{RESERVED}metrics"
CONSOLE = f"{RESERVED}console"
