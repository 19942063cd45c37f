"""Moves an application from one store to another, by way of a file."""
