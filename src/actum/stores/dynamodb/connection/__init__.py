"""Requests to DynamoDB."""
