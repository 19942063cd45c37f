"""Queries of views: read, typed, and written for each database so that all of them answer alike."""
