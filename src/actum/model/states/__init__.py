"""Entities that keep their state alone."""
