"""OpenTelemetry: spans for a tracer that the application brings or that is set up here, and OTLP."""
