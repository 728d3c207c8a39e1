"""Feeds: a stream a KPI whose value is fetched by itself; what could not be fetched is an incident, never a zero."""
