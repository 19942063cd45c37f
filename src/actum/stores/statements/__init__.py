"""SQL that several stores share, by subject."""
