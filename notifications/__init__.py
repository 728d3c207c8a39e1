"""How people hear: one channel contract, one adapter a file."""
