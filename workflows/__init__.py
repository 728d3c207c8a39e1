"""When: the process manager that follows a stream, notice channels, the sentinel. Rules and I/O are elsewhere."""
