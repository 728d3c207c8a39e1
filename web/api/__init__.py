"""The REST API under /api/v1: the same rules as every other way in, documented by its own OpenAPI 3.1 document."""
