"""Keeps events in DynamoDB."""
