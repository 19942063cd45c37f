"""Keeping stores well: backups, and what is wrong with one."""
