"""Finding or bringing what the system stands on: a Temporal server, a PostgreSQL for tests, and `make up`."""
