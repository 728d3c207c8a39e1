"""What happened: the event store, the one function through which state changes, read models and queries."""
