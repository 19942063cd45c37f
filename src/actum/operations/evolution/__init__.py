"""Evolution: what stores and callers of an application rely on, frozen in a lock file; changes are judged."""
