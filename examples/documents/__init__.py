"""Scanned documents, read by OCR and found by their words."""
