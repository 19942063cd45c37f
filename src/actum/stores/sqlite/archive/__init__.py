"""Old events of a journal in files beside its own: written, read, checked, and erased."""
